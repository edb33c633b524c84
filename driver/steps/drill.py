"""Drill: prove the way back while it costs 1 % of the traffic, and measure how fast the load balancer follows."""

from driver.errors import StepFailed
from driver.model import Allocation, Drill, Outcome, SetTraffic, Verdict
from driver.model.steps import Share
from driver.steps.scene import Scene
from driver.steps.set_traffic import live, refuse_unhealthy, shares_of
from driver.steps.waiting import attend, wait_until_drained

_MOVES = (1, 0, 1)
_LONGEST_SECONDS = 30.0
_POLL_SECONDS = 0.1


def holds(scene: Scene, step: Drill) -> bool:
    """Never by memory: a drill is proof only of now."""
    del scene, step
    return False


def act(scene: Scene, step: Drill) -> None:
    """1 %, nothing, 1 %: each move recorded, written directly, and read back until it is so."""
    seconds = [_move(scene, step, weight) for weight in _MOVES]
    scene.world.stacks.apply_allocation(_allocation(scene, step, _MOVES[-1]))
    slowest = max(seconds)
    verdict = Verdict(
        gate="drill",
        verdict=Outcome.PASS,
        reason=f"the load balancer followed within {slowest:.2f} s each time",
        measurements={f"seconds_to_{w}_{n}": round(s, 3) for n, (w, s) in enumerate(zip(_MOVES, seconds, strict=True))},
    )
    scene.recorder.judged(verdict)


def verify(scene: Scene, step: Drill) -> str:
    """The weights are those of the last move, by the stack too."""
    wanted = _allocation(scene, step, _MOVES[-1])
    if live(scene) != wanted.positive():
        raise StepFailed("WEIGHTS_LOST", f"the listener has the weights {live(scene)}, not {wanted.positive()}")
    return "the way back was proven: 1 %, 0 %, 1 %"


def _move(scene: Scene, step: Drill, weight: int) -> float:
    """Seconds from the write until the load balancer shows it."""
    attend(scene)
    for share in _traffic(step, weight).shares:
        refuse_unhealthy(scene, share)
    wanted, clock = _allocation(scene, step, weight), scene.world.clock
    scene.world.ledger.put_allocation(scene.recorder.lease, wanted)
    began = clock.now()
    scene.world.traffic.set_weights(scene.outputs.listener_arn, wanted)
    while live(scene) != wanted.positive():
        if (clock.now() - began).total_seconds() > _LONGEST_SECONDS:
            message = f"the load balancer did not follow to {weight} % within {_LONGEST_SECONDS:g} s"
            raise StepFailed("DRILL_FAILED", message, "cutover status")
        clock.sleep(_POLL_SECONDS)
    taken = (clock.now() - began).total_seconds()
    scene.recorder.traffic_is(shares_of(wanted))
    wait_until_drained(scene, step.margin_seconds)
    return taken


def _allocation(scene: Scene, step: Drill, weight: int) -> Allocation:
    return scene.allocation(_traffic(step, weight))


def _traffic(step: Drill, weight: int) -> SetTraffic:
    shares = (
        Share(release=step.release, weight=weight, required_count=min(1, weight)),
        Share(release=step.serving, weight=100 - weight, required_count=1),
    )
    return SetTraffic(shares=shares, margin_seconds=step.margin_seconds, direct_first=True)
