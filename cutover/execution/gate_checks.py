"""One look at a release through the named gates: measure by the ports, judge by the pure gates."""

from cutover.config.gates import ProbeGate
from cutover.domain import Outcome, ReleaseOutputs, ReleaseRef, Verdict
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.execution.measuring import judge_by_metrics
from cutover.gates.alarms import judge_alarms
from cutover.gates.ecs import judge_ecs
from cutover.gates.probe import judge_probe
from cutover.gates.targets import judge_targets

HEALTH_GATES = frozenset({"ecs", "targets", "probe"})


def evaluate_gates(
    context: ExecutionContext, release: ReleaseRef, gates: tuple[str, ...], required: int
) -> tuple[Verdict, ...]:
    """The verdicts of `gates`, in their order; after a gate on health that did not pass no other is asked.

    A user's way to the release is probed last and only when its tasks and targets are there, so that a probe's FAIL
    speaks of the release and not of its start.
    """
    outputs = context.outputs(release)
    verdicts: list[Verdict] = []
    for gate in gates:
        verdict = _judge(context, gate, release, outputs, required)
        context.recorder.record_verdict(verdict)
        verdicts.append(verdict)
        if gate in HEALTH_GATES and verdict.verdict is not Outcome.PASS:
            break
    return tuple(verdicts)


def fail_on(verdicts: tuple[Verdict, ...], release: ReleaseRef) -> None:
    """Raise `StepFailed` with the gate's reason if any gate stops the deployment."""
    for verdict in verdicts:
        if verdict.stops:
            code = "GATE_FAILED" if verdict.verdict is Outcome.FAIL else f"GATE_{verdict.verdict}"
            raise StepFailed(code, f"{release.release} failed the {verdict.gate} gate: {verdict.reason}")


def all_pass(verdicts: tuple[Verdict, ...], gates: tuple[str, ...]) -> bool:
    """Whether every gate was asked and passed; one that only reports is not waited for."""
    return len(verdicts) == len(gates) and all(v.dry_run or v.verdict is Outcome.PASS for v in verdicts)


def watch_background(context: ExecutionContext) -> None:
    """Let the background gates look while the candidate has traffic, whatever step is at work."""
    head = context.recorder.execution
    share = next((t.weight for t in head.traffic if t.release == head.candidate.release), 0)
    if not share or head.rolling_back or head.purpose != "deploy":
        return
    for name, gate in context.ports.config.gates.metrics.items():
        if gate.background:
            verdict = judge_by_metrics(context, name, gate, head.candidate)
            context.recorder.record_verdict(verdict)
            fail_on((verdict,), head.candidate)


def _judge(
    context: ExecutionContext, gate: str, release: ReleaseRef, outputs: ReleaseOutputs, required: int
) -> Verdict:
    try:
        match gate:
            case "ecs":
                return judge_ecs(context.ports.compute.service(outputs), required)
            case "targets":
                return judge_targets(context.ports.traffic.target_health(outputs.target_group_arn), required)
            case "probe":
                return _probe(context, release, context.ports.config.gates.probe)
            case "alarms":
                names = context.ports.config.gates.alarms.names
                ignored = context.recorder.execution.fired_before
                return judge_alarms(names, context.ports.alarms.states(names), ignored)
            case _:
                metric = context.ports.config.gates.metrics.get(gate)
                if metric is None:
                    raise StepFailed("GATE_UNKNOWN", f"the plan names the gate {gate!r}, which the file has no more")
                return judge_by_metrics(context, gate, metric, release)
    except TransientFailure as error:
        return Verdict(gate=gate, verdict=Outcome.ERROR, reason=f"could not be measured: {error.message}")


def _probe(context: ExecutionContext, release: ReleaseRef, expected: ProbeGate | None) -> Verdict:
    if expected is None:
        return Verdict(gate="probe", verdict=Outcome.ERROR, reason="the plan asks for a probe, the file has none")
    # Long enough to tell "too slow" from "no answer".
    timeout = expected.max_latency * 2 + 1.0
    result = context.ports.probe_for(context.environment).get(release, expected.path, timeout)
    return judge_probe(result, expected)
