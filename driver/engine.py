"""Carry out a pinned plan: for each step observe, record the intent, act, verify, record the outcome.

A step that failed turns the execution back: a rollback plan is made from what is observed then, and carried out the
same way.  What fails on the way back needs an operator.
"""

from typing import assert_never

from driver.errors import Interrupted, StepFailed, TransientFailure
from driver.facts import observe_rollback
from driver.model import (
    AwaitHealthy,
    Bake,
    CreateRelease,
    Execution,
    Phase,
    ReleaseState,
    Retire,
    Scale,
    SetTraffic,
    Status,
    Step,
)
from driver.model.execution import Failure
from driver.steps import await_healthy, bake, create_release, retire, scale, set_traffic
from driver.steps.scene import Scene
from strategies.rollback import rollback_after_failure

RETRIES = 5
"""Further tries of a step that failed transiently, after 1, 2, 4, 8 and 16 seconds."""


def carry_out(scene: Scene) -> Execution:
    """Carry the execution on to its end, from wherever its record stands.

    Raises:
        Interrupted: the driver was told to stop; the execution can be resumed.
        LeaseLost: another driver has taken over; nothing more was written.
    """
    recorder = scene.recorder
    try:
        while (step := recorder.step) is not None:
            try:
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
    recorder = scene.recorder
    for attempt in range(RETRIES + 1):
        try:
            if _holds(scene, step):
                recorder.end_step(f"{step.kind}: holds already")
                return
            recorder.begin_step(_phase(scene, step), _intent(step))
            _act(scene, step)
            recorder.end_step(_verify(scene, step))
            return
        except TransientFailure as failure:
            if attempt == RETRIES:
                raise StepFailed(failure.code, f"{step.kind}: {failure.message}", failure.hint) from failure
            recorder.note("failure", f"{step.kind}: {failure.message}; tried again in {2**attempt} s")
            scene.world.clock.sleep(2.0**attempt)


def _turn_back(scene: Scene, failure: StepFailed) -> bool:
    """Go over to a rollback plan; False where there is no way back and the execution has ended as FAILED."""
    recorder = scene.recorder
    head = recorder.execution
    reason = Failure(code=failure.code, message=failure.message)
    if head.rolling_back or head.purpose == "rollback":
        message = f"the rollback stopped: {failure.message}"
        if head.error is not None:
            message = f"{head.error.message}; then {message}"
        recorder.finish(Status.FAILED, Phase.NEEDS_OPERATOR, message, Failure(code=failure.code, message=message))
        return False
    recorder.turn_back(rollback_after_failure(observe_rollback(scene.world, scene.outputs, head.candidate)), reason)
    return True


def _finish(scene: Scene) -> None:
    recorder = scene.recorder
    head = recorder.execution
    if head.rolling_back:
        reason = head.error.message if head.error else "unknown"
        recorder.finish(Status.ROLLED_BACK, Phase.DONE, f"rolled back: {reason}")
        return
    scene.set_state(head.candidate, ReleaseState.SERVING, succeeded_at=scene.world.clock.now())
    recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.candidate.release} has all traffic")


def _holds(scene: Scene, step: Step) -> bool:
    match step:
        case CreateRelease():
            return create_release.holds(scene, step)
        case AwaitHealthy():
            return await_healthy.holds(scene, step)
        case SetTraffic():
            return set_traffic.holds(scene, step)
        case Bake():
            return bake.holds(scene, step)
        case Scale():
            return scale.holds(scene, step)
        case Retire():
            return retire.holds(scene, step)
        case _:
            assert_never(step)


def _act(scene: Scene, step: Step) -> None:
    match step:
        case CreateRelease():
            create_release.act(scene, step)
        case AwaitHealthy():
            await_healthy.act(scene, step)
        case SetTraffic():
            set_traffic.act(scene, step)
        case Bake():
            bake.act(scene, step)
        case Scale():
            scale.act(scene, step)
        case Retire():
            retire.act(scene, step)
        case _:
            assert_never(step)


def _verify(scene: Scene, step: Step) -> str:
    match step:
        case CreateRelease():
            return create_release.verify(scene, step)
        case AwaitHealthy():
            return await_healthy.verify(scene, step)
        case SetTraffic():
            return set_traffic.verify(scene, step)
        case Bake():
            return bake.verify(scene, step)
        case Scale():
            return scale.verify(scene, step)
        case Retire():
            return retire.verify(scene, step)
        case _:
            assert_never(step)


_PHASES = {
    "CreateRelease": Phase.CREATING,
    "AwaitHealthy": Phase.VERIFYING,
    "SetTraffic": Phase.SHIFTING,
    "Bake": Phase.BAKING,
    "Scale": Phase.RETIRING,
    "Retire": Phase.RETIRING,
}


def _phase(scene: Scene, step: Step) -> Phase:
    return Phase.ROLLING_BACK if scene.recorder.execution.rolling_back else _PHASES[step.kind]


def _intent(step: Step) -> str:
    match step:
        case SetTraffic(weights=weights):
            return "SetTraffic: " + (", ".join(f"{ref.version} {weight} %" for ref, weight in weights) or "none (503)")
        case Scale(release=release, desired_count=count):
            return f"Scale: {release.release} to {count}"
        case _:
            return f"{step.kind}: {step.release.release}"
