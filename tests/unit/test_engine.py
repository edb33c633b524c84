"""What an execution does, from its plan to its end, on an environment in memory."""

import pytest

from cutover import operations
from cutover.domain import Status
from cutover.domain.errors import Interrupted, InvalidInput, LeaseLost, PreflightFailed, Refused
from cutover.planning.observe import readiness
from support.executions import release
from support.fakes import InMemoryEnvironment


@pytest.fixture
def environment() -> InMemoryEnvironment:
    return InMemoryEnvironment()


def deploy(environment: InMemoryEnvironment, version: str) -> Status | None:
    execution = operations.deploy(environment.driver(version))
    return execution.status if execution else None


def test_a_first_deployment_takes_all_traffic(environment: InMemoryEnvironment) -> None:
    assert deploy(environment, "v1") is Status.COMPLETED
    assert environment.weight_of("v1") == 100


def test_a_second_version_takes_all_traffic_and_the_first_stays_hot(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    assert deploy(environment, "v2") is Status.COMPLETED
    assert (environment.weight_of("v1"), environment.weight_of("v2")) == (0, 100)
    driver = environment.driver("v2")
    assert [readiness(driver, release(environment, version)) for version in ("v1", "v2")] == ["hot", "serving"]
    assert all(count == 2 for count in environment.cloud.desired.values())


def test_deploying_the_same_release_again_calls_nothing(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    before = list(environment.cloud.calls)
    assert deploy(environment, "v1") is None
    assert environment.cloud.calls == before


def test_an_unhealthy_version_gets_no_request_of_a_user(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    environment.cloud.behaviour["v2"] = "unhealthy"
    assert deploy(environment, "v2") is Status.ROLLED_BACK
    assert all(not weight for weights in environment.cloud.history for arn, weight in weights.items() if "-v2-" in arn)
    assert environment.weight_of("v1") == 100


def test_a_crash_loop_fails_early_with_the_stopped_reason(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v1"] = "crash"
    execution = operations.deploy(environment.driver("v1"))
    assert execution is not None
    assert execution.error is not None
    assert "Essential container in task exited (exit code 1)" in execution.error.message
    assert environment.clock.slept < 60


def test_a_service_that_never_starts_fails_at_the_deadline(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v1"] = "slow-start"
    execution = operations.deploy(environment.driver("v1"))
    assert execution is not None
    assert execution.error is not None
    assert execution.error.code == "DEADLINE"


def test_a_release_whose_probe_answers_500_gets_no_traffic(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v1"] = "errors"
    assert deploy(environment, "v1") is Status.ROLLED_BACK
    assert environment.cloud.weights == {}


def test_a_failed_release_is_retired(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    environment.cloud.behaviour["v2"] = "unhealthy"
    deploy(environment, "v2")
    assert [m.version for m in environment.cloud.stacks.values()] == ["v1"]


def test_a_release_that_crashes_while_it_bakes_loses_its_traffic_by_one_call(
    environment: InMemoryEnvironment,
) -> None:
    deploy(environment, "v1")

    def crash(call: str) -> None:
        if call == "up environment":
            environment.cloud.behaviour["v2"] = "crash"

    environment.cloud.before_call = crash
    assert deploy(environment, "v2") is Status.ROLLED_BACK
    shift = [index for index, call in enumerate(environment.cloud.calls) if call == "up environment"][1]
    assert environment.cloud.calls[shift + 1] == "modify listener"
    assert environment.weight_of("v1") == 100


def test_after_two_bad_versions_the_last_good_one_still_serves(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    environment.cloud.behaviour |= {"v2": "unhealthy", "v3": "unhealthy"}
    deploy(environment, "v2")
    assert deploy(environment, "v3") is Status.ROLLED_BACK
    assert environment.weight_of("v1") == 100


def test_a_failed_stack_creation_rolls_back(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v1"] = "cannot-be-created"
    execution = operations.deploy(environment.driver("v1"))
    assert execution is not None
    assert (execution.status, execution.error.code if execution.error else "") == (Status.ROLLED_BACK, "PULUMI_FAILED")


def test_a_version_cannot_be_reused_for_other_content(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    with pytest.raises(Refused, match="other content"):
        operations.deploy(
            environment.driver("v1", release={"version": "v1", "image": "shop:v1", "cpu": 512, "memory": 1024})
        )


def test_a_missing_image_is_invalid_input_and_nothing_is_recorded(environment: InMemoryEnvironment) -> None:
    with pytest.raises(InvalidInput):
        operations.deploy(environment.driver("v1", release={"version": "v1", "image": "shop:missing"}))
    assert environment.ledger.heads == {}


def test_a_rollback_moves_the_weights_and_creates_nothing(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    deploy(environment, "v2")
    environment.cloud.calls.clear()
    execution = operations.rollback(environment.driver("v2"), None)
    assert execution.status is Status.COMPLETED
    assert environment.cloud.calls == ["modify listener", "up environment"]
    assert environment.weight_of("v1") == 100


def test_a_rollback_to_an_unhealthy_release_leaves_the_traffic_unchanged(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    deploy(environment, "v2")
    environment.cloud.behaviour["v1"] = "unhealthy"
    execution = operations.rollback(environment.driver("v2"), None)
    assert execution.status is Status.FAILED
    assert environment.weight_of("v2") == 100


@pytest.mark.parametrize("to", ["v2", "v9"])
def test_a_rollback_to_the_serving_or_an_unknown_release_is_refused(environment: InMemoryEnvironment, to: str) -> None:
    deploy(environment, "v1")
    deploy(environment, "v2")
    with pytest.raises(Refused):
        operations.rollback(environment.driver("v2"), to)


def test_a_third_version_destroys_what_retention_does_not_keep(environment: InMemoryEnvironment) -> None:
    for version in ("v1", "v2", "v3"):
        deploy(environment, version)
    assert sorted(m.version for m in environment.cloud.stacks.values()) == ["v2", "v3"]


@pytest.mark.parametrize(("mode", "left"), [("warm", {"v1": 0, "v2": 2}), ("cold", {"v2": 2})])
def test_the_baseline_is_kept_as_retention_says(
    environment: InMemoryEnvironment, mode: str, left: dict[str, int]
) -> None:
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version, retention={"mode": mode}))
    assert {environment.cloud.stacks[name].version: count for name, count in environment.cloud.desired.items()} == left


@pytest.mark.parametrize("mode", ["warm", "cold"])
def test_a_rollback_starts_a_release_that_is_not_running(environment: InMemoryEnvironment, mode: str) -> None:
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version, retention={"mode": mode}))
    assert operations.rollback(environment.driver("v2"), "v1").status is Status.COMPLETED
    assert environment.weight_of("v1") == 100


def test_an_interrupted_deployment_is_finished_by_resume(environment: InMemoryEnvironment) -> None:
    environment.clock.stop_after = 12
    with pytest.raises(Interrupted):
        deploy(environment, "v1")
    assert operations.resume(environment.driver("v1"), None).status is Status.COMPLETED
    assert environment.cloud.calls.count("create v1") == 1


def test_a_finished_execution_cannot_be_resumed(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    with pytest.raises(Refused, match="nothing to resume"):
        operations.resume(environment.driver("v1"), None)


def test_a_new_deployment_is_refused_while_one_is_unfinished(environment: InMemoryEnvironment) -> None:
    environment.clock.stop_after = 12
    with pytest.raises(Interrupted):
        deploy(environment, "v1")
    with pytest.raises(Refused, match="is IN_PROGRESS"):
        deploy(environment, "v2")


def test_a_driver_that_lost_its_lease_writes_nothing_afterwards(environment: InMemoryEnvironment) -> None:
    def lose(call: str) -> None:
        environment.ledger.fence += 1

    environment.cloud.before_call = lose
    with pytest.raises(LeaseLost):
        deploy(environment, "v1")
    assert environment.ledger.events["prod-1"][-1].kind == "intent"


def test_weights_that_a_person_changed_are_refused_before_any_change(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    environment.cloud.weights = {"tg/by-hand": 100}
    with pytest.raises(PreflightFailed, match="by-hand"):
        deploy(environment, "v2")


def test_an_abort_rolls_an_interrupted_deployment_back(environment: InMemoryEnvironment) -> None:
    deploy(environment, "v1")
    environment.clock.stop_after = environment.clock.slept + 12
    with pytest.raises(Interrupted):
        deploy(environment, "v2")
    assert operations.abort(environment.driver("v2")).status is Status.ROLLED_BACK
    assert environment.weight_of("v1") == 100


def test_an_abort_without_an_execution_is_refused(environment: InMemoryEnvironment) -> None:
    with pytest.raises(Refused):
        operations.abort(environment.driver("v1"))
