"""When an execution must not start, and what `deploy --supersede` must not abort."""

import pytest

from cutover import operations
from cutover.domain import Execution, GoodReleases, ReleaseState, Status
from cutover.domain.errors import Interrupted, InvalidInput, PreflightFailed, Refused
from cutover.ports import Lease, LeaseRecord
from support.executions import newest, release
from support.fakes import InMemoryEnvironment
from support.fakes.in_memory import LEASE_SECONDS


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version, retention={"mode": "hot", "keep": 3}))
    return environment


@pytest.fixture
def unfinished(environment: InMemoryEnvironment) -> Execution:
    environment.clock.stop_after = environment.clock.slept + 5
    with pytest.raises(Interrupted):
        operations.deploy(environment.driver("v3"))
    return newest(environment)


def hold_the_lease(environment: InMemoryEnvironment) -> Lease:
    """Take the lease, like a driver that is running or was killed."""
    return environment.ledger.take("another driver", environment.ledger.lease())


@pytest.mark.parametrize("verb", ["rollback", "drill", "collect"])
def test_nothing_starts_while_an_execution_is_unfinished(
    environment: InMemoryEnvironment, unfinished: Execution, verb: str
) -> None:
    with pytest.raises(Refused) as error:
        _call(environment, verb)
    assert (error.value.code, newest(environment)) == ("EXECUTION_UNFINISHED", unfinished)


@pytest.mark.parametrize("verb", ["drill", "collect"])
def test_nothing_starts_on_weights_that_a_person_changed(environment: InMemoryEnvironment, verb: str) -> None:
    calls = list(environment.cloud.calls)
    environment.cloud.weights = {"tg/by-hand": 100}
    with pytest.raises(PreflightFailed) as error:
        _call(environment, verb)
    assert (error.value.code, environment.cloud.calls) == ("DRIFT", calls)


def _call(environment: InMemoryEnvironment, verb: str) -> None:
    driver = environment.driver("v2", retention={"mode": "cold"})
    match verb:
        case "rollback":
            operations.rollback(driver, None)
        case "drill":
            operations.drill(driver)
        case "collect":
            operations.collect(driver)


def test_a_worker_takes_over_when_the_lease_was_not_renewed_for_its_time(
    environment: InMemoryEnvironment, unfinished: Execution
) -> None:
    hold_the_lease(environment)
    driver, began = environment.driver("v3"), environment.clock.slept
    assert operations.has_live_driver(driver)
    finished = operations.work(driver)
    assert (finished and finished.execution_id) == unfinished.execution_id
    assert environment.clock.slept - began >= LEASE_SECONDS
    assert not operations.has_live_driver(driver)


@pytest.mark.parametrize("verb", ["rollback", "drill", "collect"])
def test_nothing_waits_for_the_lease_of_an_execution_that_another_driver_has(
    environment: InMemoryEnvironment, unfinished: Execution, verb: str
) -> None:
    hold_the_lease(environment)
    began = environment.clock.slept
    with pytest.raises(Refused, match="another driver is running the execution") as error:
        _call(environment, verb)
    assert (error.value.code, environment.clock.slept) == ("LEASE_HELD", began)


def test_a_version_that_was_never_created_may_get_other_content(environment: InMemoryEnvironment) -> None:
    name = next(name for name, known in environment.ledger.all_releases.items() if known.manifest.version == "v1")
    driver = environment.driver("v1", release={"version": "v1", "image": "shop:v1", "cpu": 512, "memory": 1024})
    with pytest.raises(Refused, match="with other content"):
        operations.prepare(driver)
    known = environment.ledger.all_releases[name]
    environment.ledger.all_releases[name] = known.model_copy(update={"state": ReleaseState.CREATING})
    assert operations.prepare(driver).manifest.ref.release != name


def test_an_alarm_that_does_not_exist_is_invalid_input(environment: InMemoryEnvironment) -> None:
    environment.cloud.alarm_states["high"] = "OK"
    with pytest.raises(InvalidInput, match="do not exist: hihg"):
        operations.deploy(environment.driver("v3", gates={"alarms": {"names": ["high", "hihg"]}}))


def test_an_invalid_configuration_does_not_abort_the_deployment_that_it_would_supersede(
    environment: InMemoryEnvironment, unfinished: Execution
) -> None:
    with pytest.raises(InvalidInput):
        operations.supersede(environment.driver("v4", release={"version": "v4", "image": "shop:missing"}))
    assert newest(environment) == unfinished
    assert environment.ledger.control(unfinished.execution_id).version == 0


def test_a_deployment_that_supersedes_waits_until_the_running_driver_has_ended(
    environment: InMemoryEnvironment, unfinished: Execution
) -> None:
    lease, began = hold_the_lease(environment), environment.clock.now()

    def end() -> None:
        if environment.clock.slept < until:
            return
        assert environment.ledger.control(unfinished.execution_id).abort is not None
        ended = unfinished.model_copy(update={"status": Status.ROLLED_BACK})
        environment.ledger.heads[unfinished.execution_id] = ended
        environment.ledger.give_back(lease)
        environment.clock.on_sleep = lambda: None

    until, environment.clock.on_sleep = environment.clock.slept + 20, end
    execution = operations.supersede(environment.driver("v4"))
    assert execution is not None
    assert (execution.status, execution.supersedes) == (Status.COMPLETED, unfinished.execution_id)
    assert (execution.started_at - began).total_seconds() >= 20


def test_a_copy_of_the_baseline_is_found_by_its_name_and_not_by_its_version(environment: InMemoryEnvironment) -> None:
    known = release(environment, "v1")
    manifest = known.manifest.model_copy(update={"baseline_for": "c" * 64})
    copy = known.model_copy(update={"manifest": manifest, "ref": manifest.ref})
    environment.ledger.all_releases[copy.ref.release] = copy
    assert operations.find_release(environment.ledger, "v1").ref == known.ref
    assert operations.find_release(environment.ledger, copy.ref.release).ref == copy.ref


def test_the_first_eight_characters_of_a_digest_find_a_release(environment: InMemoryEnvironment) -> None:
    known = release(environment, "v2")
    assert operations.find_release(environment.ledger, known.ref.digest[:8]) == known
    with pytest.raises(Refused, match="has no release"):
        operations.find_release(environment.ledger, known.ref.digest[:7])


def test_gc_destroys_nothing_while_no_release_has_traffic(environment: InMemoryEnvironment) -> None:
    environment.ledger.the_allocation = None
    environment.cloud.weights = {}
    with pytest.raises(Refused) as error:
        operations.collect(environment.driver("v2", retention={"mode": "cold"}))
    assert error.value.code == "NOTHING_SERVES"


def test_no_rollback_goes_to_a_release_that_never_succeeded(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v3"] = "unhealthy"
    operations.deploy(environment.driver("v3"))
    with pytest.raises(Refused) as error:
        operations.rollback(environment.driver("v3"), "v3")
    assert error.value.code == "NEVER_SUCCEEDED"


def test_an_execution_whose_plan_was_changed_is_not_resumed(
    environment: InMemoryEnvironment, unfinished: Execution
) -> None:
    steps = unfinished.plan.steps[:-1]
    changed = unfinished.model_copy(update={"plan": unfinished.plan.model_copy(update={"steps": steps})})
    environment.ledger.heads[unfinished.execution_id] = changed
    with pytest.raises(Refused) as error:
        operations.resume(environment.driver("v3"), None)
    assert error.value.code == "CORRUPT"


def test_a_release_that_is_deployed_again_keeps_its_record(environment: InMemoryEnvironment) -> None:
    before = release(environment, "v1")
    environment.clock.stop_after = environment.clock.slept + 5
    with pytest.raises(Interrupted):
        operations.deploy(environment.driver("v1"))
    after = release(environment, "v1")
    assert (after.created_at, after.succeeded_at) == (before.created_at, before.succeeded_at)


def test_a_resume_continues_from_what_the_former_driver_wrote_last(
    environment: InMemoryEnvironment, unfinished: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, written = environment.ledger.take, unfinished.model_copy(update={"warnings": ("written meanwhile",)})

    def written_meanwhile(holder: str, seen: LeaseRecord | None) -> Lease:
        environment.ledger.heads[unfinished.execution_id] = written
        return take(holder, seen)

    monkeypatch.setattr(environment.ledger, "take", written_meanwhile)
    assert operations.resume(environment.driver("v3"), None).warnings == ("written meanwhile",)


def test_a_drill_that_was_rolled_back_is_not_retried(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v1"] = "unhealthy"
    assert operations.drill(environment.driver("v2")).status is Status.ROLLED_BACK
    with pytest.raises(Refused) as error:
        operations.retry(environment.driver("v2"), None)
    assert error.value.code == "NOTHING_TO_RETRY"


def test_a_first_release_that_failed_with_traffic_must_be_decided_about_before_the_next() -> None:
    first = InMemoryEnvironment()
    operations.deploy(first.driver("v1"))
    head = newest(first)
    # Its way back failed too: no release has ever succeeded, and it still has the traffic.
    first.ledger.heads[head.execution_id] = head.model_copy(update={"status": Status.FAILED})
    first.ledger.the_good = GoodReleases()
    with pytest.raises(Refused, match=r"still has 100 % of the traffic") as error:
        operations.deploy(first.driver("v2"))
    assert error.value.code == "FAILED_HAS_TRAFFIC"
