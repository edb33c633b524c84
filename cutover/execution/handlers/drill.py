"""Drill: prove the way back while it costs 1 % of the traffic, and measure how fast the load balancer follows."""

from cutover.domain import Allocation, Drill, Outcome, SetTraffic, Verdict
from cutover.domain.errors import StepFailed
from cutover.domain.steps import Share
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.set_traffic import live, refuse_unhealthy, shares_of
from cutover.execution.waiting import process_requests, wait_until_drained

_MOVES = (1, 0, 1)
_LONGEST_SECONDS = 30.0
_POLL_SECONDS = 0.1


def is_done(context: ExecutionContext, step: Drill) -> bool:
    """Never by memory: a drill is proof only of now."""
    del context, step
    return False


def apply(context: ExecutionContext, step: Drill) -> None:
    """1 %, nothing, 1 %: each move recorded, written directly, and read back until it is so."""
    seconds = [_move(context, step, weight) for weight in _MOVES]
    context.ports.stacks.apply_allocation(_allocation(context, step, _MOVES[-1]))
    slowest = max(seconds)
    verdict = Verdict(
        gate="drill",
        verdict=Outcome.PASS,
        reason=f"the load balancer followed within {slowest:.2f} s each time",
        measurements={f"seconds_to_{w}_{n}": round(s, 3) for n, (w, s) in enumerate(zip(_MOVES, seconds, strict=True))},
    )
    context.recorder.record_verdict(verdict)


def verify(context: ExecutionContext, step: Drill) -> str:
    """The weights are those of the last move, by the stack too."""
    wanted = _allocation(context, step, _MOVES[-1])
    if live(context) != wanted.positive():
        raise StepFailed("WEIGHTS_LOST", f"the listener has the weights {live(context)}, not {wanted.positive()}")
    return "the way back was proven: 1 %, 0 %, 1 %"


def _move(context: ExecutionContext, step: Drill, weight: int) -> float:
    """Seconds from the write until the load balancer shows it."""
    process_requests(context)
    for share in _traffic(step, weight).shares:
        refuse_unhealthy(context, share)
    wanted, clock = _allocation(context, step, weight), context.ports.clock
    context.ports.ledger.put_allocation(context.recorder.lease, wanted)
    began = clock.now()
    context.ports.traffic.set_weights(context.environment.listener_arn, wanted)
    while live(context) != wanted.positive():
        if (clock.now() - began).total_seconds() > _LONGEST_SECONDS:
            message = f"the load balancer did not follow to {weight} % within {_LONGEST_SECONDS:g} s"
            raise StepFailed("DRILL_FAILED", message, "cutover status")
        clock.sleep(_POLL_SECONDS)
    taken = (clock.now() - began).total_seconds()
    context.recorder.set_traffic(shares_of(wanted))
    wait_until_drained(context, step.margin_seconds)
    return taken


def _allocation(context: ExecutionContext, step: Drill, weight: int) -> Allocation:
    return context.allocation(_traffic(step, weight))


def _traffic(step: Drill, weight: int) -> SetTraffic:
    shares = (
        Share(release=step.release, weight=weight, required_count=min(1, weight)),
        Share(release=step.serving, weight=100 - weight, required_count=1),
    )
    return SetTraffic(shares=shares, margin_seconds=step.margin_seconds, direct_first=True)
