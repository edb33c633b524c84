"""The failure of a release that crashes has the last lines of a crashed task's log."""

from types import SimpleNamespace
from typing import Any

import pytest

from cutover import operations
from cutover.adapters import ecs
from cutover.adapters.ecs import EcsCompute
from cutover.components.task_definition import CONTAINER
from cutover.domain import Execution, ReleaseOutputs, Status
from cutover.domain.errors import PreflightFailed
from cutover.ports import StoppedTask
from support.fakes import InMemoryEnvironment
from support.scenario import raises

TASK = StoppedTask("arn:aws:ecs:eu-west-1:1:task/shop/0123abcd", "", 1, None, "EssentialContainerExited")
OUTPUTS = ReleaseOutputs(
    cluster_arn="c", service_name="s", task_definition_arn="td", target_group_arn="tg", security_group_id="sg",
    log_group_name="/shop/v2",
)  # fmt: skip


def crashed(environment: InMemoryEnvironment) -> Execution:
    environment.cloud.behaviour["v2"] = "crash"
    execution = operations.deploy(environment.driver("v2"))
    assert execution is not None
    assert execution.status is Status.ROLLED_BACK
    return execution


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    return environment


def test_the_failure_has_the_end_of_the_log(environment: InMemoryEnvironment) -> None:
    environment.cloud.log_lines = ("Traceback (most recent call last):", "KeyError: 'DATABASE_URL'")
    execution = crashed(environment)
    assert execution.error is not None
    end = "; its log ends with: Traceback (most recent call last): | KeyError: 'DATABASE_URL'"
    assert execution.error.message.endswith(f"Essential container in task exited (exit code 1){end}")


def test_a_log_that_cannot_be_read_changes_no_verdict(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = PreflightFailed("AWS_DENIED", "GetLogEvents: AccessDenied", "aws sts get-caller-identity")
    monkeypatch.setattr(environment.compute, "last_lines", raises(denied))
    execution = crashed(environment)
    assert execution.error is not None
    assert execution.error.code == "GATE_FAILED"
    assert execution.error.message.endswith("its log could not be read: GetLogEvents: AccessDenied")


class NotFound(Exception):
    """The stream does not exist."""


class Logs:
    """CloudWatch Logs with the streams of one group."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotFound)

    def __init__(self, streams: dict[str, list[str]]) -> None:
        self.streams = streams

    def get_log_events(self, **fields: Any) -> dict[str, Any]:
        assert (fields["logGroupName"], fields["startFromHead"]) == ("/shop/v2", False)
        if fields["logStreamName"] not in self.streams:
            raise NotFound
        return {"events": [{"message": line} for line in self.streams[fields["logStreamName"]][-fields["limit"] :]]}


def last_lines(streams: dict[str, list[str]]) -> tuple[str, ...]:
    session: Any = SimpleNamespace(logs=Logs(streams))
    return EcsCompute(session).last_lines(OUTPUTS, TASK)


def test_the_stream_is_that_of_the_task_and_its_end_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "correct-horse")
    lines = ["x" * 1000] * 30 + ["password correct-horse is wrong", " "]
    shown = last_lines({f"{CONTAINER}/{CONTAINER}/0123abcd": lines})
    assert shown[-1] == "password [DATABASE_PASSWORD] is wrong"
    assert (len(shown), max(map(len, shown))) == (ecs._LINES - 1, ecs._CHARACTERS)


def test_a_task_without_a_stream_has_no_lines() -> None:
    assert last_lines({"app/app/another": ["text"]}) == ()
