"""`cutover destroy`: every release goes, the serving one last; what others need stays."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from cutover import operations
from cutover.cli import destroy
from cutover.cli.context import Context
from cutover.domain import RequestKind, Status
from cutover.domain.errors import Refused, StepFailed
from cutover.operations.request import put_request
from support.fakes import InMemoryEnvironment


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version, retention={"mode": "hot"}))
    environment.cloud.calls.clear()
    return environment


def test_all_traffic_is_taken_away_before_the_first_release_is_destroyed_and_the_serving_one_goes_last(
    environment: InMemoryEnvironment,
) -> None:
    execution = operations.destroy_releases(environment.driver("v2"))
    assert execution is not None
    assert execution.status is Status.COMPLETED
    assert environment.cloud.calls == ["up environment", "destroy v1", "destroy v2"]
    assert (environment.cloud.weights, environment.ledger.standing()) == ({}, ())


def test_a_rollback_has_no_target_afterwards_and_a_deployment_begins_as_the_first(
    environment: InMemoryEnvironment,
) -> None:
    operations.destroy_releases(environment.driver("v2"))
    assert environment.ledger.good().names == ()
    again = operations.deploy(environment.driver("v3"))
    assert again is not None
    assert (again.status, again.baseline, again.number) == (Status.COMPLETED, None, 4)


def test_an_environment_without_releases_has_nothing_to_destroy(environment: InMemoryEnvironment) -> None:
    operations.destroy_releases(environment.driver("v2"))
    assert operations.destroy_releases(environment.driver("v2")) is None


def test_a_destroy_is_refused_while_an_execution_is_unfinished(environment: InMemoryEnvironment) -> None:
    operations.submit(environment.driver("v3"))
    with pytest.raises(Refused):
        operations.destroy_releases(environment.driver("v3"))
    assert environment.cloud.calls == []


def test_a_destroy_that_fails_is_continued_by_a_resume(environment: InMemoryEnvironment) -> None:
    failures = [StepFailed("PULUMI_FAILED", "AccessDenied")]

    def fail_once(call: str) -> None:
        if call == "destroy v2" and failures:
            raise failures.pop()

    environment.cloud.before_call = fail_once
    failed = operations.destroy_releases(environment.driver("v2"))
    assert failed is not None
    assert failed.status is Status.FAILED
    assert operations.resume(environment.driver("v2")).status is Status.COMPLETED
    assert environment.ledger.standing() == ()


def test_the_environment_is_not_destroyed_while_a_release_exists(environment: InMemoryEnvironment) -> None:
    with pytest.raises(Refused, match="still exist"):
        operations.destroy_environment(environment.driver("v2"))
    operations.destroy_releases(environment.driver("v2"))
    operations.destroy_environment(environment.driver("v2"))
    assert environment.cloud.calls[-1] == "destroy environment"


def test_a_platform_that_holds_the_records_of_others_is_not_destroyed(environment: InMemoryEnvironment) -> None:
    environment.ledger.neighbours = ("shop/test",)
    with pytest.raises(Refused, match="shop/test") as refused:
        operations.refuse_shared_platform(environment.driver("v2"))
    assert refused.value.hint == "cutover -e test destroy"


def request_abort(environment: InMemoryEnvironment) -> None:
    head = environment.ledger.latest_execution()
    assert head is not None
    put_request(environment.driver("v2"), head, RequestKind.ABORT, "wrong environment")


def test_a_destroy_that_is_stopped_before_it_takes_the_traffic_leaves_the_last_good_release(
    environment: InMemoryEnvironment,
) -> None:
    def abort(_: str) -> None:
        environment.ledger.after_write = lambda _: None
        request_abort(environment)

    environment.ledger.after_write = lambda what: abort(what) if what != "lease" else None
    stopped = operations.destroy_releases(environment.driver("v2"))
    assert stopped is not None
    assert environment.ledger.events[stopped.execution_id][-1].message.startswith("destroy was stopped")
    serving = environment.ledger.good().last
    assert environment.cloud.weights == {f"tg/{serving}": 100}


def test_a_destroy_that_is_stopped_later_leaves_nothing_to_roll_back_to_and_names_the_next_command(
    environment: InMemoryEnvironment,
) -> None:
    def abort(call: str) -> None:
        if call == "destroy v1":
            environment.cloud.before_call = lambda _: None
            request_abort(environment)

    environment.cloud.before_call = abort
    stopped = operations.destroy_releases(environment.driver("v2"))
    assert stopped is not None
    assert "`cutover deploy`" in environment.ledger.events[stopped.execution_id][-1].message
    assert (environment.cloud.weights, environment.ledger.good().names) == ({}, ())
    deployed = operations.deploy(environment.driver("v2"))
    assert deployed is not None
    assert (deployed.status, deployed.baseline) == (Status.COMPLETED, None)


def test_the_command_keeps_the_environment_when_a_person_stopped_the_destroy(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def abort(call: str) -> None:
        if call.startswith("destroy v"):
            environment.cloud.before_call = lambda _: None
            request_abort(environment)

    environment.cloud.before_call = abort
    ports = environment.driver("v2")
    monkeypatch.setattr("cutover.cli.destroy.open_ports", lambda *_: nullcontext(ports))
    monkeypatch.setattr(Context, "config", lambda _: ports.config)
    context = Context(environment="prod", json=True, project=Path())
    with pytest.raises(Refused, match=r"alice stopped the destroy \(wrong environment\)"):
        destroy.run(context, "shop-prod", platform=False, keep=())
    assert "destroy environment" not in environment.cloud.calls
