"""Metric gates, alarms, the analysis and hooks during a whole deployment, on an environment in memory."""

import itertools
from typing import Any

import pytest

from cutover import operations
from cutover.domain import Execution, Status
from cutover.domain.errors import PreflightFailed, StepFailed, TransientFailure
from cutover.ports import HookResult
from support.fakes import InMemoryEnvironment

TIMINGS = {"bake": "2m", "propagation_margin": "1s", "drain": "1s"}
CANARY = TIMINGS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"pause": "3m"}, {"weight": 50}]}}
ANALYSED = TIMINGS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"analyse": "15m"}]}}
ERRORS = {"preset": "error-rate", "at_most": 1.0, "delay": "0s", "interval": "30s"}
SUMS = ("RequestCount", "HTTPCode_Target_5XX_Count")


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    serve(environment, "v1", requests=1000, errors=2)
    return environment


def serve(
    environment: InMemoryEnvironment, version: str, *, requests: float, errors: float, latency: float = 0.1
) -> None:
    """Set what CloudWatch records of a version in each minute with traffic; `latency` is in seconds."""
    environment.cloud.values |= {(version, SUMS[0]): requests, (version, SUMS[1]): errors, (version, "p99"): latency}


def deploy(environment: InMemoryEnvironment, strategy: dict[str, Any] = CANARY, **changes: Any) -> Execution:
    execution = operations.deploy(environment.driver("v2", strategy=strategy, **changes))
    assert execution is not None
    return execution


def with_errors(**changes: Any) -> dict[str, Any]:
    return {"metrics": {"errors": ERRORS | changes}}


def test_a_good_canary_passes_its_metric_gate(environment: InMemoryEnvironment) -> None:
    serve(environment, "v2", requests=100, errors=0)
    assert deploy(environment, gates=with_errors()).status is Status.COMPLETED


def test_a_bad_canary_is_stopped_at_its_first_weight_with_the_figures(environment: InMemoryEnvironment) -> None:
    serve(environment, "v2", requests=100, errors=5)
    execution = deploy(environment, gates=with_errors())
    assert execution.status is Status.ROLLED_BACK
    assert execution.error is not None
    assert "errors gate: 5 % (5 of 100 requests), more than 1 %" in execution.error.message
    assert max(w for weights in environment.cloud.history for arn, w in weights.items() if "-v2-" in arn) == 10
    assert environment.weight_of("v1") == 100


def answer(environment: InMemoryEnvironment, version: str, *, requests: float, answers: float) -> None:
    """Set the requests of a version in each minute, and how many of them got an answer; no target reports an error."""
    environment.cloud.values |= {(version, "RequestCount"): requests, (version, "HTTPCode_Target_2XX_Count"): answers}


def test_a_canary_that_hangs_is_seen_by_its_missing_answers_and_not_by_its_errors(
    environment: InMemoryEnvironment,
) -> None:
    answer(environment, "v1", requests=1000, answers=995)
    answer(environment, "v2", requests=100, answers=80)
    gates = {"errors": ERRORS | {"dry_run": True}, "failed": ERRORS | {"preset": "failed-requests"}}
    execution = deploy(environment, gates={"metrics": gates})
    assert execution.status is Status.ROLLED_BACK
    assert execution.error is not None
    sides = "19.5 % more than the baseline (20 % of the candidate, 0.5 % of the baseline), more than 1 %"
    assert execution.error.message.endswith(f"failed the failed gate: {sides}")


def test_requests_that_clients_abort_on_both_sides_are_no_failure(environment: InMemoryEnvironment) -> None:
    answer(environment, "v1", requests=1000, answers=970)
    answer(environment, "v2", requests=1000, answers=970)
    canary = CANARY | {"canary": {"steps": [{"weight": 10}, {"pause": "5m"}]}, "bake": "0s"}
    failed = ERRORS | {"preset": "failed-requests"}
    assert deploy(environment, canary, gates={"metrics": {"failed": failed}}).status is Status.COMPLETED


def test_a_canary_without_requests_does_not_pass(environment: InMemoryEnvironment) -> None:
    execution = deploy(environment, gates=with_errors())
    assert (execution.status, execution.error and execution.error.code) == (Status.ROLLED_BACK, "GATE_INCONCLUSIVE")


def test_a_dry_run_gate_stops_nothing_and_is_recorded(environment: InMemoryEnvironment) -> None:
    serve(environment, "v2", requests=100, errors=50)
    execution = deploy(environment, gates=with_errors(dry_run=True))
    assert execution.status is Status.COMPLETED
    assert {m.gate for m in environment.ledger.measurements(execution.execution_id)} == {"errors"}


def test_a_background_gate_measures_while_an_approval_waits(environment: InMemoryEnvironment) -> None:
    serve(environment, "v2", requests=100, errors=0)

    def worsen() -> None:
        if environment.clock.slept > 400:
            serve(environment, "v2", requests=100, errors=50)

    environment.clock.on_sleep = worsen
    strategy = TIMINGS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"approve": {}}]}}
    execution = deploy(environment, strategy, gates=with_errors(background=True))
    assert execution.status is Status.ROLLED_BACK
    assert execution.error is not None
    assert "errors gate" in execution.error.message


def test_measurements_wait_for_the_initial_delay_and_then_for_each_interval(environment: InMemoryEnvironment) -> None:
    serve(environment, "v2", requests=100, errors=0)
    execution = deploy(environment, gates=with_errors(interval="1m", initial_delay="1m"))
    times = [m.at for m in environment.ledger.measurements(execution.execution_id)]
    first = next(e.at for e in environment.ledger.journal(execution.execution_id) if e.message.startswith("bake"))
    assert (times[0] - first).total_seconds() >= 60
    within = [b - a for a, b in itertools.pairwise(times)]
    assert all(gap.total_seconds() >= 60 for gap in within)


def test_an_alarm_stops_a_deployment(environment: InMemoryEnvironment) -> None:
    environment.cloud.alarm_states["checkout"] = "OK"

    def fire(call: str) -> None:
        if environment.weight_of("v2") == 50:
            environment.cloud.alarm_states["checkout"] = "ALARM"

    environment.cloud.before_call = fire
    execution = deploy(environment, gates={"alarms": {"names": ["checkout"]}})
    assert execution.error is not None
    assert "checkout is in ALARM" in execution.error.message


def test_an_alarm_that_fires_before_the_start_refuses_the_deployment_or_is_reported(
    environment: InMemoryEnvironment,
) -> None:
    environment.cloud.alarm_states |= {"checkout": "ALARM", "payment": "OK"}
    names = ["checkout", "payment"]
    with pytest.raises(PreflightFailed, match="in ALARM before the deployment starts: checkout"):
        deploy(environment, gates={"alarms": {"names": names}})
    execution = deploy(environment, gates={"alarms": {"names": names, "firing_before": "report"}})
    assert execution.status is Status.COMPLETED
    started = environment.ledger.journal(execution.execution_id)[0].message
    assert "these alarms were in ALARM before the start and are not watched: checkout" in started


ANALYSIS = {"metrics": {"latency": {"preset": "latency-p99", "critical": True, "must_have_data": True}}, "delay": "0s"}


@pytest.mark.parametrize(("latency", "status"), [(0.1, Status.COMPLETED), (0.3, Status.ROLLED_BACK)])
def test_an_analysis_compares_the_candidate_with_the_serving_release(
    environment: InMemoryEnvironment, latency: float, status: Status
) -> None:
    serve(environment, "v2", requests=100, errors=0, latency=latency)
    execution = deploy(environment, ANALYSED, gates={"analysis": ANALYSIS})
    assert execution.status is status
    (measured,) = environment.ledger.measurements(execution.execution_id)
    assert measured.series["latency.candidate"] == (latency,) * 15
    if status is Status.ROLLED_BACK:
        assert execution.error is not None
        assert "latency: mean 0.3 against 0.1 (+200%)" in execution.error.message


def test_an_analysis_without_data_does_not_pass(environment: InMemoryEnvironment) -> None:
    free = {"metrics": {"latency": {"preset": "latency-p99"}}, "delay": "0s"}
    execution = deploy(environment, ANALYSED, gates={"analysis": free})
    assert (execution.status, execution.error and execution.error.code) == (
        Status.ROLLED_BACK,
        "ANALYSIS_INCONCLUSIVE",
    )


@pytest.mark.parametrize("latency", [0.1, 0.3])
def test_a_fresh_baseline_gets_the_candidates_share_and_is_destroyed_afterwards(
    environment: InMemoryEnvironment, latency: float
) -> None:
    serve(environment, "v2", requests=100, errors=0, latency=latency)
    execution = deploy(environment, ANALYSED, gates={"analysis": ANALYSIS | {"baseline": "fresh"}})
    compared = next(weights for weights in environment.cloud.history if sorted(weights.values()) == [10, 10, 80])
    assert len(compared) == 3
    assert execution.status is (Status.COMPLETED if latency == 0.1 else Status.ROLLED_BACK)
    copies = [r for r in environment.ledger.releases(9) if r.manifest.baseline_for is not None]
    assert [copy.ref.version for copy in copies] == ["v1"]
    assert all(copy.ref.release not in environment.cloud.stacks for copy in copies)
    # The copy does not count as other content of its version.
    operations.deploy(environment.driver("v1"))


def hooks(**changes: Any) -> dict[str, Any]:
    return {"smoke": {"at": "AfterAllowTestTraffic", "function": "smoke", "timeout": "1m"} | changes}


def test_a_hook_gets_codedeploys_event_with_release_weights_and_header(environment: InMemoryEnvironment) -> None:
    execution = deploy(environment, hooks=hooks())
    (event,) = environment.cloud.hook_events
    details: Any = event["Cutover"]
    assert event["DeploymentId"] == execution.execution_id
    assert event["LifecycleEventHookExecutionId"]
    assert details["test_traffic_header"] == {"name": "X-Cutover-Release", "value": execution.candidate.digest8}
    assert (details["point"], details["release"]["version"]) == ("AfterAllowTestTraffic", "v2")


def test_a_hook_that_fails_keeps_traffic_from_the_candidate(environment: InMemoryEnvironment) -> None:
    environment.cloud.hook_results["smoke"] = [HookResult("Failed", "no stock")]
    execution = deploy(environment, hooks=hooks())
    assert execution.error is not None
    assert "hook smoke failed at AfterAllowTestTraffic: no stock" in execution.error.message
    assert all("-v2-" not in arn for weights in environment.cloud.history for arn in weights)


def test_a_failed_hook_with_on_failure_continue_stops_nothing(environment: InMemoryEnvironment) -> None:
    environment.cloud.hook_results["smoke"] = [HookResult("Failed", "no stock")]
    assert deploy(environment, hooks=hooks(on_failure="continue")).status is Status.COMPLETED


@pytest.mark.parametrize(("retries", "status"), [(0, Status.ROLLED_BACK), (1, Status.COMPLETED)])
def test_a_hook_that_cannot_be_run_is_retried_as_many_times_as_configured(
    environment: InMemoryEnvironment, retries: int, status: Status
) -> None:
    environment.cloud.hook_results["smoke"] = [TransientFailure("X", "connection refused")]
    assert deploy(environment, hooks=hooks(retries=retries)).status is status


def test_a_hook_can_answer_later_with_its_callback_id(environment: InMemoryEnvironment) -> None:
    environment.cloud.hook_results["smoke"] = [HookResult(None, "")]

    def answer() -> None:
        if environment.cloud.hook_events:
            callback = str(environment.cloud.hook_events[0]["LifecycleEventHookExecutionId"])
            environment.ledger.put_hook_answer(callback, "Succeeded", "")

    environment.clock.on_sleep = answer
    assert deploy(environment, hooks=hooks()).status is Status.COMPLETED


def test_a_hook_that_never_answers_fails_at_its_timeout(environment: InMemoryEnvironment) -> None:
    environment.cloud.hook_results["smoke"] = [HookResult(None, "")]
    execution = deploy(environment, hooks=hooks())
    assert execution.error is not None
    assert "no answer within 1 min" in execution.error.message


@pytest.mark.parametrize(("background", "status"), [(False, Status.COMPLETED), (True, Status.ROLLED_BACK)])
def test_allowed_failures_are_counted_by_step_or_over_the_whole_execution(
    environment: InMemoryEnvironment, background: bool, status: Status
) -> None:
    bad_at: set[int] = set()

    def one_failure_in_each_step() -> None:
        head = environment.ledger.latest_execution()
        if head is None or head.finished:
            return
        measurements = environment.ledger.measurements(head.execution_id)
        bad_at.update(m.step_index for m in measurements if m.values.get("requests"))
        serve(environment, "v2", requests=100, errors=0 if head.step_index in bad_at else 50)

    environment.clock.on_sleep = one_failure_in_each_step
    execution = deploy(environment, gates=with_errors(failures=1, background=background))
    assert execution.status is status


def test_a_release_whose_targets_become_unhealthy_while_it_bakes_is_stopped_after_a_few_checks(
    environment: InMemoryEnvironment,
) -> None:
    def become_unhealthy() -> None:
        head = environment.ledger.latest_execution()
        if head is not None and not head.finished and environment.weight_of("v2") == 50:
            environment.cloud.behaviour["v2"] = "unhealthy"

    environment.clock.on_sleep = become_unhealthy
    steps = [{"weight": 10}, {"weight": 50}, {"pause": "5m"}]
    execution = deploy(environment, TIMINGS | {"kind": "canary", "canary": {"steps": steps}})
    assert (execution.status, execution.error and execution.error.code) == (Status.ROLLED_BACK, "GATE_INCONCLUSIVE")
    assert execution.error is not None
    assert "did not pass the targets gate in 4 checks in a row" in execution.error.message


def test_a_background_gate_measures_while_a_hook_runs(environment: InMemoryEnvironment) -> None:
    serve(environment, "v2", requests=100, errors=50)
    environment.cloud.hook_results["load"] = [HookResult(None, "")]
    steps = [{"weight": 10}, {"hook": "load"}]
    execution = deploy(
        environment,
        TIMINGS | {"kind": "canary", "canary": {"steps": steps}},
        hooks={"load": {"function": "load", "timeout": "1h"}},
        gates=with_errors(background=True),
    )
    assert execution.error is not None
    assert "errors gate" in execution.error.message


@pytest.mark.parametrize("gate", ["alarms", "targets"])
def test_the_gates_go_on_while_a_long_hook_runs(environment: InMemoryEnvironment, gate: str) -> None:
    environment.cloud.hook_results["load"] = [HookResult(None, "")]
    environment.cloud.alarm_states["high"] = "OK"

    def break_it() -> None:
        if len(environment.cloud.hook_events) == 1 and environment.weight_of("v2") == 10:
            environment.cloud.alarm_states["high"] = "ALARM" if gate == "alarms" else "OK"
            environment.cloud.behaviour["v2"] = "unhealthy" if gate == "targets" else "good"

    environment.clock.on_sleep = break_it
    steps = [{"weight": 10}, {"hook": "load"}]
    execution = deploy(
        environment,
        TIMINGS | {"kind": "canary", "canary": {"steps": steps}},
        hooks={"load": {"function": "load", "timeout": "1h"}},
        gates={"alarms": {"names": ["high"]}},
    )
    assert execution.status is Status.ROLLED_BACK
    assert execution.error is not None
    assert f"the {gate} gate" in execution.error.message
    assert execution.completed_at is not None
    assert (execution.completed_at - execution.started_at).total_seconds() < 120


@pytest.mark.parametrize("gate", ["alarms", "errors"])
def test_metrics_and_alarms_go_on_while_more_tasks_of_a_candidate_with_traffic_start(
    environment: InMemoryEnvironment, gate: str
) -> None:
    environment.cloud.alarm_states["high"] = "OK"
    failing: list[str] = []

    def break_it() -> None:
        head = environment.ledger.latest_execution()
        if head is None or head.finished or failing or environment.weight_of("v2") != 10:
            return
        if head.plan.steps[head.step_index].kind == "AwaitHealthy":
            failing.append(gate)
            # The new tasks do not become healthy, so that the step waits.
            environment.cloud.behaviour["v2"] = "slow-start"
            environment.cloud.alarm_states["high"] = "ALARM" if gate == "alarms" else "OK"
            serve(environment, "v2", requests=100, errors=50 if gate == "errors" else 0)

    environment.clock.on_sleep = break_it
    serve(environment, "v2", requests=100, errors=0)
    steps = [{"scale": 25}, {"weight": 10}, {"scale": 100}, {"weight": 50}]
    release = {"version": "v2", "image": "shop:v2", "desired_count": 4}
    execution = deploy(
        environment,
        TIMINGS | {"kind": "canary", "canary": {"steps": steps}},
        release=release,
        gates=with_errors() | {"alarms": {"names": ["high"]}},
    )
    assert failing
    assert execution.error is not None
    assert f"the {gate} gate" in execution.error.message


@pytest.mark.parametrize("on_failure", ["continue", "rollback"])
def test_a_hook_that_cannot_be_run_at_all_has_failed_and_on_failure_decides(
    environment: InMemoryEnvironment, on_failure: str
) -> None:
    unsigned = StepFailed("HOOK_UNSIGNED", "the webhook cannot be signed")
    environment.cloud.hook_results["smoke"] = [unsigned]
    execution = deploy(environment, hooks=hooks(on_failure=on_failure))
    expected = Status.COMPLETED if on_failure == "continue" else Status.ROLLED_BACK
    assert execution.status is expected
    told = [event.message for event in environment.ledger.journal(execution.execution_id)]
    assert any("hook smoke failed at AfterAllowTestTraffic: the webhook cannot be signed" in each for each in told)


def test_an_analysis_of_an_error_rate_counts_a_missing_count_as_zero(environment: InMemoryEnvironment) -> None:
    environment.cloud.values[("v2", SUMS[0])] = 100.0
    errors = {"metrics": {"errors": {"preset": "error-rate"}}, "delay": "0s"}
    execution = deploy(environment, ANALYSED, gates={"analysis": errors})
    (measured,) = environment.ledger.measurements(execution.execution_id)
    assert measured.series["errors.candidate"] == (0.0,) * 15
    assert measured.series["errors.baseline"] == (0.2,) * 15
    assert execution.status is Status.COMPLETED, "fewer errors are a change for the better"


@pytest.mark.parametrize(("silent", "status"), [(200, Status.COMPLETED), (2000, Status.ROLLED_BACK)])
def test_an_alarm_without_data_stops_the_deployment_only_after_patience(
    environment: InMemoryEnvironment, silent: float, status: Status
) -> None:
    environment.cloud.alarm_states["checkout"] = "INSUFFICIENT_DATA"
    began = environment.clock.slept

    def come_to_data() -> None:
        if environment.clock.slept - began > silent:
            environment.cloud.alarm_states["checkout"] = "OK"

    environment.clock.on_sleep = come_to_data
    execution = deploy(environment, gates={"alarms": {"names": ["checkout"], "patience": "5m"}})
    assert execution.status is status
