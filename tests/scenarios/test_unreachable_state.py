"""Pulumi's state is denied or down: a rollback, an abort and a resume still take the traffic back."""

from dataclasses import replace

import pytest

from cutover import operations
from cutover.domain import RequestKind, Status
from cutover.domain.errors import CutoverError, Interrupted, PreflightFailed, Refused, StepFailed, TransientFailure
from cutover.ports import Ports
from support.executions import request
from support.scenario import CANARY, Scenario, raises

KEEP = {"retention": {"mode": "hot", "keep": 3}}
DENIED = PreflightFailed("STATE_DENIED", "S3 denies the bucket", "cutover doctor")
DOWN = TransientFailure("STATE_UNREACHABLE", "S3 does not answer")


class UnreachableStacks:
    """The Stacks port while nobody can read Pulumi's state."""

    def __init__(self, error: CutoverError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        def fail(*_: object) -> None:
            raise self._error

        return fail


def without_state(ports: Ports, error: CutoverError) -> Ports:
    return replace(ports, stacks=UnreachableStacks(error))  # type: ignore[arg-type]


@pytest.fixture
def scenario() -> Scenario:
    """v1 and v2 succeeded; v2 has all traffic."""
    scenario = Scenario()
    for version in ("v1", "v2"):
        scenario.deploy(version, **KEEP)
    assert scenario.live == {"v2": 100}
    return scenario


@pytest.mark.parametrize("error", [DENIED, DOWN])
def test_a_rollback_takes_the_traffic_back(scenario: Scenario, error: CutoverError) -> None:
    ended = operations.rollback(without_state(scenario.ports("v2", **KEEP), error), None)
    assert scenario.live == {"v1": 100}
    assert ended.status is Status.COMPLETED


@pytest.mark.parametrize("error", [DENIED, DOWN])
@pytest.mark.parametrize("verb", ["abort", "resume"])
def test_a_canary_whose_driver_died_goes_back(scenario: Scenario, verb: str, error: CutoverError) -> None:
    scenario.at(lambda: scenario.live.get("v3") == 10, raises(Interrupted("INTERRUPTED", "SIGTERM")))
    with pytest.raises(Interrupted):
        scenario.deploy("v3", strategy=CANARY, **KEEP)
    ports = without_state(scenario.ports("v3", strategy=CANARY, **KEEP), error)
    if verb == "abort":
        operations.abort(ports)
    else:
        request(scenario, RequestKind.ABORT)
        operations.resume(ports)
    assert scenario.live == {"v2": 100}


def test_a_deployment_leaves_the_traffic_as_it_is(scenario: Scenario) -> None:
    with pytest.raises(PreflightFailed, match="S3 denies the bucket"):
        operations.deploy(without_state(scenario.ports("v3", **KEEP), DENIED))
    assert scenario.live == {"v2": 100}


def test_a_listener_that_was_replaced_is_read_from_the_state(scenario: Scenario) -> None:
    record = scenario.ledger.environment()
    assert record is not None
    gone = record.outputs.model_copy(update={"listener_arn": "arn:gone"})
    scenario.ledger.put_environment(record.model_copy(update={"outputs": gone}))
    read = scenario.traffic.weights

    def weights(listener_arn: str) -> object:
        if listener_arn == "arn:gone":
            raise StepFailed("AWS_REFUSED", "ListenerNotFound")
        return read(listener_arn)

    scenario.traffic.weights = weights  # type: ignore[method-assign, assignment]
    operations.rollback(scenario.ports("v2", **KEEP), None)
    assert scenario.live == {"v1": 100}


def test_an_execution_goes_on_in_the_recorded_project_but_a_deployment_is_refused(scenario: Scenario) -> None:
    with pytest.raises(Refused) as refused:
        operations.deploy(scenario.ports("v3", project="renamed", **KEEP))
    assert refused.value.code == "PROJECT_CHANGED"
    assert operations.rollback(scenario.ports("v2", project="renamed", **KEEP), None).status is Status.COMPLETED
