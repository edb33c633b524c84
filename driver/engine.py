"""Carry out a pinned plan: for each step observe, record the intent, act, verify, record the outcome.

A step that failed turns the execution back: a rollback plan is made from what is observed then, and carried out the
same way.  What fails on the way back needs an operator.
"""

from driver.errors import Interrupted, StepFailed, TransientFailure
from driver.facts import observe_rollback
from driver.model import Execution, Phase, Plan, ReleaseState, RunHook, Scale, SetTraffic, Status, Step
from driver.model.execution import Failure
from driver.steps.scene import Scene
from driver.steps.waiting import attend
from driver.steps.work import work_of
from strategies.drill import end_drill
from strategies.rollback import rollback_after_failure

RETRIES = 5
"""Further tries of a step that failed transiently, after 1, 2, 4, 8 and 16 seconds."""


def carry_out(scene: Scene) -> Execution:
    """Carry the execution on to its end, from wherever its record stands.

    Raises:
        Interrupted: the driver was told to stop; the execution can be resumed.
        Paused: it waits for a person, and this driver does not wait along.
        LeaseLost: another driver has taken over; nothing more was written.
    """
    recorder = scene.recorder
    try:
        while (step := recorder.step) is not None:
            try:
                attend(scene)
                _carry_out_step(scene, step)
            except StepFailed as failure:
                if not _turn_back(scene, failure):
                    return recorder.execution
    except Interrupted as stop:
        recorder.interrupted(stop.message)
        raise
    _finish(scene)
    return recorder.execution


def _carry_out_step(scene: Scene, step: Step) -> None:
    recorder, work = scene.recorder, work_of(scene, step)
    for attempt in range(RETRIES + 1):
        try:
            if work.holds():
                recorder.end_step(f"{step.kind}: holds already")
                return
            recorder.begin_step(_phase(scene, step), _intent(step))
            work.act()
            recorder.end_step(work.verify())
            return
        except TransientFailure as failure:
            if attempt == RETRIES:
                raise StepFailed(failure.code, f"{step.kind}: {failure.message}", failure.hint) from failure
            recorder.note("retry", f"{step.kind}: {failure.message}; tried again in {2**attempt} s")
            scene.world.clock.sleep(2.0**attempt)


def _turn_back(scene: Scene, failure: StepFailed) -> bool:
    """Go over to the way back; False where there is none and the execution has ended as FAILED."""
    recorder = scene.recorder
    head = recorder.execution
    reason = Failure(code=failure.code, message=failure.message)
    if head.rolling_back or head.purpose in ("rollback", "gc"):
        message = f"the {'rollback' if head.purpose != 'gc' else 'clean-up'} stopped: {failure.message}"
        if head.error is not None:
            message = f"{head.error.message}; then {message}"
        recorder.finish(Status.FAILED, Phase.NEEDS_OPERATOR, message, Failure(code=failure.code, message=message))
        return False
    recorder.turn_back(_way_back(scene), reason)
    return True


def _way_back(scene: Scene) -> Plan:
    head = scene.recorder.execution
    if head.purpose == "drill":
        capacity = scene.release(head.candidate).manifest.desired_count
        return end_drill(head.candidate, capacity, scene.world.config.strategy.propagation_margin)
    return rollback_after_failure(observe_rollback(scene.world, scene.outputs, head.candidate))


def _finish(scene: Scene) -> None:
    recorder = scene.recorder
    head = recorder.execution
    if head.rolling_back:
        reason = head.error.message if head.error else "unknown"
        recorder.finish(Status.ROLLED_BACK, Phase.DONE, f"rolled back: {reason}")
        return
    if head.purpose in ("deploy", "rollback"):
        scene.set_state(head.candidate, ReleaseState.SERVING, succeeded_at=scene.world.clock.now())
        recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.candidate.release} has all traffic")
        return
    recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.purpose} is done")


_PHASES = {
    "CreateRelease": Phase.CREATING,
    "AwaitHealthy": Phase.VERIFYING,
    "AwaitStopped": Phase.RETIRING,
    "SetTraffic": Phase.SHIFTING,
    "Bake": Phase.BAKING,
    "Analyse": Phase.ANALYSING,
    "Approve": Phase.PAUSED,
    "RunHook": Phase.VERIFYING,
    "Drill": Phase.SHIFTING,
    "Scale": Phase.SHIFTING,
    "Retire": Phase.RETIRING,
}


def _phase(scene: Scene, step: Step) -> Phase:
    if scene.recorder.execution.rolling_back:
        return Phase.ROLLING_BACK
    if isinstance(step, Scale) and step.desired_count == 0:
        return Phase.RETIRING
    return _PHASES[step.kind]


def _intent(step: Step) -> str:
    match step:
        case SetTraffic(shares=shares):
            return "SetTraffic: " + (", ".join(f"{s.release.version} {s.weight} %" for s in shares) or "none (503)")
        case Scale(release=release, desired_count=count):
            return f"Scale: {release.release} to {count}"
        case RunHook(hook=hook, point=point):
            return f"RunHook: {hook} at {point}"
        case _:
            return f"{step.kind}: {step.release.release}"
