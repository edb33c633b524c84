"""One look at a release through the named gates: measure by the ports, judge by the pure gates."""

from driver.config.gates import ProbeGate
from driver.errors import StepFailed, TransientFailure
from driver.gates.alarms import judge_alarms
from driver.gates.ecs import judge_ecs
from driver.gates.probe import judge_probe
from driver.gates.targets import judge_targets
from driver.model import Outcome, ReleaseRef, Stand, Verdict
from driver.steps.measuring import judge_by_metrics
from driver.steps.scene import Scene

HEALTH_GATES = frozenset({"ecs", "targets", "probe"})


def look(scene: Scene, release: ReleaseRef, gates: tuple[str, ...], required: int) -> tuple[Verdict, ...]:
    """The verdicts of `gates`, in their order; after a gate on health that did not pass no other is asked.

    A user's way to the release is probed last and only when its tasks and targets are there, so that a probe's FAIL
    speaks of the release and not of its start.
    """
    stand = scene.stand(release)
    verdicts: list[Verdict] = []
    for gate in gates:
        verdict = _judge(scene, gate, release, stand, required)
        scene.recorder.judged(verdict)
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


def watch_background(scene: Scene) -> None:
    """Let the background gates look while the candidate has traffic, whatever step is at work."""
    head = scene.recorder.execution
    share = next((t.weight for t in head.traffic if t.release == head.candidate.release), 0)
    if not share or head.rolling_back or head.purpose != "deploy":
        return
    for name, gate in scene.world.config.gates.metrics.items():
        if gate.background:
            verdict = judge_by_metrics(scene, name, gate, head.candidate)
            scene.recorder.judged(verdict)
            fail_on((verdict,), head.candidate)


def _judge(scene: Scene, gate: str, release: ReleaseRef, stand: Stand, required: int) -> Verdict:
    try:
        match gate:
            case "ecs":
                return judge_ecs(scene.world.compute.service(stand), required)
            case "targets":
                return judge_targets(scene.world.traffic.target_health(stand.target_group_arn), required)
            case "probe":
                return _probe(scene, release, scene.world.config.gates.probe)
            case "alarms":
                names = scene.world.config.gates.alarms.names
                ignored = scene.recorder.execution.fired_before
                return judge_alarms(names, scene.world.alarms.states(names), ignored)
            case _:
                metric = scene.world.config.gates.metrics.get(gate)
                if metric is None:
                    raise StepFailed("GATE_UNKNOWN", f"the plan names the gate {gate!r}, which the file has no more")
                return judge_by_metrics(scene, gate, metric, release)
    except TransientFailure as error:
        return Verdict(gate=gate, verdict=Outcome.ERROR, reason=f"could not be measured: {error.message}")


def _probe(scene: Scene, release: ReleaseRef, expected: ProbeGate | None) -> Verdict:
    if expected is None:
        return Verdict(gate="probe", verdict=Outcome.ERROR, reason="the plan asks for a probe, the file has none")
    # Long enough to tell "too slow" from "no answer".
    timeout = expected.max_latency * 2 + 1.0
    result = scene.world.probe_for(scene.outputs).get(release, expected.path, timeout)
    return judge_probe(result, expected)
