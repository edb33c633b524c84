"""Where watching ends: what a promote ends, when background gates are silent, and when a person decides."""

from contextlib import nullcontext
from typing import get_args

import pytest

from cutover import operations
from cutover.domain import AwaitHealthy, Outcome, Phase, ReleaseRef, RequestKind, RunHook, Status, Step, Verdict
from cutover.domain.errors import Refused, StepFailed
from cutover.execution.gate_checks import check_background_gates, evaluate_gates
from cutover.execution.handlers.registry import handler_of
from cutover.ports import HookResult
from support.executions import context_of
from support.fakes import InMemoryEnvironment
from support.fakes.hooks import FakeHookRun

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


@pytest.mark.parametrize(
    ("changes", "stops"),
    [({}, True), ({"rolling_back": True}, False), ({"purpose": "rollback"}, False), ({"traffic": ()}, False)],
)
def test_a_background_gate_stops_a_deployment_whose_candidate_has_traffic_and_nothing_else(
    environment: InMemoryEnvironment, changes: dict[str, object], stops: bool
) -> None:
    fail_requests(environment, "v1")
    context = context_of(environment, environment.driver("v1", gates=GATES))
    environment.clock.sleep(300)
    context.recorder.execution = context.recorder.execution.model_copy(update=changes)
    with pytest.raises(StepFailed) if stops else nullcontext():
        check_background_gates(context)


def test_background_gates_are_evaluated_while_a_release_is_not_healthy_yet(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: object) -> None:
        raise StepFailed("GATE_FAILED", "a background gate")

    outcomes(monkeypatch, *[Outcome.INCONCLUSIVE] * 20)
    monkeypatch.setattr("cutover.execution.waiting.check_background_gates", stop)
    step = AwaitHealthy(
        release=RELEASE, gates=("ecs",), required_count=1, consecutive=3, interval_seconds=5, deadline_seconds=60
    )
    with pytest.raises(StepFailed, match="a background gate"):
        handler_of(step).apply(context_of(environment, environment.driver("v1")))


def outcomes(monkeypatch: pytest.MonkeyPatch, *results: Outcome) -> list[Outcome]:
    """Let the checks of AwaitHealthy end as given, one after the other; returns those that are left."""
    left = list(results)

    def evaluate(*_: object) -> tuple[Verdict, ...]:
        return (Verdict(gate="ecs", verdict=left.pop(0), reason="as the test says"),)

    monkeypatch.setattr("cutover.execution.handlers.await_healthy.evaluate_gates", evaluate)
    return left


def test_a_release_is_healthy_after_checks_in_a_row(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed, passed = Outcome.INCONCLUSIVE, Outcome.PASS
    left = outcomes(monkeypatch, passed, passed, missed, passed, passed, passed)
    context = context_of(environment, environment.driver("v1"))
    step = AwaitHealthy(
        release=RELEASE, gates=("ecs",), required_count=1, consecutive=3, interval_seconds=5, deadline_seconds=60
    )
    handler_of(step).apply(context)
    assert left == []


def test_a_hook_that_answered_failed_to_a_driver_that_is_gone_is_not_done(environment: InMemoryEnvironment) -> None:
    context = context_of(environment, environment.driver("v1"))
    head = context.recorder.execution
    handler = handler_of(RunHook(release=RELEASE, hook="smoke", point="BeforeInstall"))
    environment.ledger.put_hook_answer(f"{head.execution_id}.{head.step_index}", "Failed", "")
    assert not handler.is_done(context)
    environment.ledger.answers.clear()
    environment.ledger.put_hook_answer(f"{head.execution_id}.{head.step_index}", "Succeeded", "")
    assert handler.is_done(context)


def test_a_hook_is_stopped_however_it_ends(environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(FakeHookRun, "stop", lambda _: stopped.append("run"))
    once(environment, "RunHook", RequestKind.ABORT)
    environment.cloud.hook_results["smoke"] = [HookResult(None, "")]
    hooks = {"smoke": {"at": "BeforeAllowTraffic", "function": "smoke"}}
    execution = operations.deploy(environment.driver("v2", strategy=TIMES, hooks=hooks))
    assert execution is not None
    assert (execution.status, len(stopped)) == (Status.ROLLED_BACK, 1)


def test_after_a_health_gate_that_does_not_pass_no_other_gate_is_evaluated(environment: InMemoryEnvironment) -> None:
    context = context_of(environment, environment.driver("v1"))
    serving = context.recorder.execution.candidate
    gates = ("ecs", "targets", "probe")
    assert [v.gate for v in evaluate_gates(context, serving, gates, required=2)] == list(gates)
    environment.cloud.behaviour["v1"] = "unhealthy"
    verdicts = evaluate_gates(context, serving, gates, required=2)
    assert [(v.gate, v.verdict) for v in verdicts] == [("ecs", Outcome.PASS), ("targets", Outcome.INCONCLUSIVE)]
