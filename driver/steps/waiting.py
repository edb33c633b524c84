"""Waiting while an execution is under way: people are heard, and background gates look, at least every second."""

from collections.abc import Callable

from driver.errors import StepFailed
from driver.model import Phase, Request, Wish
from driver.steps.scene import Scene

LONGEST_SLEEP = 1.0
"""Seconds; a wish is acted on within two."""


def wait(scene: Scene, seconds: float, watch: Callable[[], None] = lambda: None) -> None:
    """Wait so long, or until a person ends the step's wait; `watch` is called at every look.

    Raises:
        StepFailed: a person asked to abort.
    """
    clock = scene.world.clock
    end = clock.now().timestamp() + seconds
    while True:
        attend(scene)
        watch()
        left = end - clock.now().timestamp()
        if left <= 0 or promoted(scene):
            return
        clock.sleep(min(left, LONGEST_SLEEP))


def attend(scene: Scene) -> None:
    """Act on what people asked for since the last look; a rollback is not theirs to stop."""
    head = scene.recorder.execution
    for request in scene.world.ledger.requests(head.execution_id, head.requests_seen):
        scene.recorder.attended(request)
        if head.rolling_back:
            continue
        _abort_on(request)
        if request.wish is Wish.PAUSE:
            stay_paused(scene, f"paused by {request.by}")


def stay_paused(scene: Scene, message: str) -> None:
    """Wait until a person asks to resume, to promote or to abort."""
    recorder = scene.recorder
    phase: Phase = recorder.execution.phase
    recorder.paused(message)
    while True:
        head = recorder.execution
        for request in scene.world.ledger.requests(head.execution_id, head.requests_seen):
            recorder.attended(request)
            _abort_on(request)
            if request.wish is not Wish.PAUSE:
                recorder.unpaused(phase, f"goes on, as {request.by} asked")
                return
        scene.world.clock.sleep(LONGEST_SLEEP)


def promoted(scene: Scene) -> bool:
    """Whether a person has ended this step's wait."""
    head = scene.recorder.execution
    return head.promoted_step == head.step_index or skipped(scene)


def skipped(scene: Scene) -> bool:
    """Whether `promote --full` passes over this wait: it does until the candidate has all traffic."""
    head = scene.recorder.execution
    share = next((t.weight for t in head.traffic if t.release == head.candidate.release), 0)
    return head.promoted_full and not head.rolling_back and share < 100


def wait_until_drained(scene: Scene, seconds: float) -> None:
    """Wait until `seconds` have passed since the weights last moved, whoever moved them."""
    moved_at = scene.recorded().moved_at
    if moved_at is not None:
        wait_for = seconds - (scene.world.clock.now() - moved_at).total_seconds()
        clock, end = scene.world.clock, scene.world.clock.now().timestamp() + wait_for
        # Not `wait`: a promote ends what people wait for, never what the load balancer needs.
        while (left := end - clock.now().timestamp()) > 0:
            attend(scene)
            clock.sleep(min(left, LONGEST_SLEEP))


def _abort_on(request: Request) -> None:
    if request.wish is Wish.ABORT:
        reason = f": {request.reason}" if request.reason else ""
        raise StepFailed("ABORTED", f"{request.by} asked to abort{reason}")
