"""Where watching ends: what a promote ends, when background gates are silent, and when a person decides."""

from typing import get_args

import pytest

from cutover import operations
from cutover.domain import Phase, ReleaseRef, RequestKind, Status, Step
from cutover.domain.errors import Refused
from cutover.execution.handlers.registry import handler_of
from cutover.ports import HookResult
from support.fakes import InMemoryEnvironment

RELEASE = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)
TIMES = {"bake": "120s", "propagation_margin": "30s", "drain": "30s"}
ERRORS = {"preset": "error-rate", "at_most": 1, "delay": "0s", "interval": "10s", "background": True}
GATES = {"metrics": {"errors": ERRORS | {"inconclusive": 1000}}}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    return environment


def fail_requests(environment: InMemoryEnvironment, version: str) -> None:
    environment.cloud.values |= {(version, "RequestCount"): 100.0, (version, "HTTPCode_Target_5XX_Count"): 50.0}


def test_a_promote_ends_what_waits_for_people_and_nothing_else() -> None:
    ended = set()
    for kind in get_args(get_args(Step)[0]):
        if handler_of(kind.model_construct(release=RELEASE)).ends_on_promote:
            ended.add(kind.__name__)
    assert ended == {"Approve", "Bake", "Analyse"}


def test_only_the_time_of_a_person_to_answer_goes_on_without_a_driver() -> None:
    kinds = get_args(get_args(Step)[0])
    unwatched = [k.__name__ for k in kinds if handler_of(k.model_construct(release=RELEASE)).counts_unwatched_time]
    assert unwatched == ["Approve"]


def test_a_background_gate_is_silent_before_the_first_traffic_and_on_the_way_back(
    environment: InMemoryEnvironment,
) -> None:
    fail_requests(environment, "v2")
    weights: list[int] = []
    inner = environment.ledger.put_measurement

    def put(lease: object, measurement: object) -> None:
        weights.append(environment.weight_of("v2"))
        inner(lease, measurement)  # type: ignore[arg-type]

    environment.ledger.put_measurement = put  # type: ignore[method-assign, assignment]
    execution = operations.deploy(environment.driver("v2", strategy=TIMES, gates=GATES))
    assert execution is not None
    assert (execution.status, execution.error and execution.error.code) == (Status.ROLLED_BACK, "GATE_FAILED")
    assert weights
    assert set(weights) == {100}


def test_a_background_gate_does_not_stop_a_rollback_on_request(environment: InMemoryEnvironment) -> None:
    operations.deploy(environment.driver("v2", retention={"mode": "warm"}))
    fail_requests(environment, "v1")
    driver = environment.driver("v2", strategy=TIMES, gates=GATES)
    environment.cloud.behaviour["v1"] = "good"
    execution = operations.rollback(driver, None)
    assert execution.status is Status.COMPLETED
    assert environment.ledger.measurements(execution.execution_id) == ()


def test_a_rollback_cannot_be_promoted(environment: InMemoryEnvironment) -> None:
    refused: list[str] = []

    def promote() -> None:
        head = environment.ledger.latest_execution()
        if head is not None and head.rolling_back and not head.finished and not refused:
            for kind in (RequestKind.PROMOTE, RequestKind.PROMOTE_FULL):
                with pytest.raises(Refused) as error:
                    operations.request_action(environment.driver("v2"), kind, "")
                refused.append(error.value.code)

    fail_requests(environment, "v2")
    environment.clock.on_sleep = promote
    operations.deploy(environment.driver("v2", strategy=TIMES, gates=GATES))
    assert refused == ["ROLLING_BACK", "ROLLING_BACK"]


@pytest.mark.parametrize(
    ("request_kind", "status"), [(RequestKind.RESUME, Status.COMPLETED), (RequestKind.ABORT, Status.ROLLED_BACK)]
)
def test_an_inconclusive_analysis_waits_for_a_person_where_it_says_so(
    environment: InMemoryEnvironment, request_kind: RequestKind, status: Status
) -> None:
    asked: list[RequestKind] = []

    def answer() -> None:
        head = environment.ledger.latest_execution()
        if head is not None and head.phase is Phase.PAUSED and not asked:
            operations.request_action(environment.driver("v2"), request_kind, "")
            asked.append(request_kind)

    environment.clock.on_sleep = answer
    strategy = TIMES | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"analyse": "15m"}]}}
    analysis = {"metrics": {"latency": {"preset": "latency-p90"}}, "inconclusive": "pause"}
    execution = operations.deploy(environment.driver("v2", strategy=strategy, gates={"analysis": analysis}))
    assert execution is not None
    assert (execution.status, asked) == (status, [request_kind])


def once(environment: InMemoryEnvironment, step_kind: str, *kinds: RequestKind) -> None:
    """Request `kinds`, one second after the other, once the driver waits in a step of that kind."""
    left = list(kinds)

    def look() -> None:
        head = environment.ledger.latest_execution()
        if head is not None and not head.finished and left and head.plan.steps[head.step_index].kind == step_kind:
            operations.request_action(environment.driver("v2"), left.pop(0), "")

    environment.clock.on_sleep = look


def test_a_full_promote_ends_the_wait_for_a_hook(environment: InMemoryEnvironment) -> None:
    environment.cloud.hook_results["smoke"] = [HookResult(None, "")]
    hooks = {"smoke": {"at": "BeforeAllowTraffic", "function": "smoke", "timeout": "10m", "retries": 0}}
    once(environment, "RunHook", RequestKind.PROMOTE_FULL)
    execution = operations.deploy(environment.driver("v2", strategy=TIMES, hooks=hooks))
    assert execution is not None
    assert execution.status is Status.COMPLETED
    times = [event.at for event in environment.ledger.journal(execution.execution_id) if event.step_kind == "RunHook"]
    assert (max(times) - min(times)).total_seconds() < 5


def test_a_promote_ends_a_pause_in_a_step_that_it_would_not_end(environment: InMemoryEnvironment) -> None:
    once(environment, "AwaitHealthy", RequestKind.PAUSE, RequestKind.PROMOTE)
    execution = operations.deploy(environment.driver("v2", strategy=TIMES))
    assert execution is not None
    assert execution.status is Status.COMPLETED
