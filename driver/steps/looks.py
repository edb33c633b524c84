"""One look at a release through the named gates: measure by the ports, judge by the pure gates."""

from driver.config.schema import ProbeGate
from driver.errors import StepFailed, TransientFailure
from driver.gates.ecs import judge_ecs
from driver.gates.probe import judge_probe
from driver.gates.targets import judge_targets
from driver.model import Outcome, ReleaseRef, Stand, Verdict
from driver.steps.scene import Scene


def look(scene: Scene, release: ReleaseRef, gates: tuple[str, ...], required: int) -> tuple[Verdict, ...]:
    """The verdicts of `gates`, in their order; a gate after one that did not pass is not asked.

    A user's way to the release is probed last and only when its tasks and targets are there, so that a probe's FAIL
    speaks of the release and not of its start.
    """
    stand = scene.stand(release)
    verdicts: list[Verdict] = []
    for gate in gates:
        verdict = _judge(scene, gate, release, stand, required)
        scene.recorder.judged(verdict)
        verdicts.append(verdict)
        if verdict.verdict is not Outcome.PASS:
            break
    return tuple(verdicts)


def fail_on(verdicts: tuple[Verdict, ...], release: ReleaseRef) -> None:
    """Raise `StepFailed` with the gate's reason if any gate says FAIL."""
    for verdict in verdicts:
        if verdict.verdict is Outcome.FAIL:
            raise StepFailed("GATE_FAILED", f"{release.release} failed the {verdict.gate} gate: {verdict.reason}")


def _judge(scene: Scene, gate: str, release: ReleaseRef, stand: Stand, required: int) -> Verdict:
    try:
        match gate:
            case "ecs":
                return judge_ecs(scene.world.compute.service(stand), required)
            case "targets":
                return judge_targets(scene.world.traffic.target_health(stand.target_group_arn), required)
            case "probe":
                return _probe(scene, release, scene.world.config.gates.probe)
            case _:
                raise StepFailed("GATE_UNKNOWN", f"the plan names a gate {gate!r} that this version does not have")
    except TransientFailure as error:
        return Verdict(gate=gate, verdict=Outcome.ERROR, reason=f"could not be measured: {error.message}")


def _probe(scene: Scene, release: ReleaseRef, expected: ProbeGate | None) -> Verdict:
    if expected is None:
        return Verdict(gate="probe", verdict=Outcome.ERROR, reason="the plan asks for a probe, the file has none")
    # Long enough to tell "too slow" from "no answer".
    timeout = expected.max_latency * 2 + 1.0
    result = scene.world.probe_for(scene.outputs).get(release, expected.path, timeout)
    return judge_probe(result, expected)
