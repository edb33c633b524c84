"""Rollback: move traffic back to the last good release, then remove the failed one.

The plan is computed from the observed state. It needs no build, no image registry and no edit of a file.
"""

from dataclasses import dataclass
from typing import Literal

from cutover.domain import CreateRelease, Drain, Plan, ReleaseRef, Retire, Scale, SetTraffic, ShiftBack, Step
from cutover.strategies.common import plan_of
from cutover.strategies.facts import Timings


@dataclass(frozen=True, slots=True)
class RollbackFacts:
    """The observed state when a rollback is planned."""

    failed: ReleaseRef
    """The release to move traffic away from."""
    failed_exists: bool
    """Whether the failed release may have a stack."""
    failed_weight: int
    """Percent of the traffic on the failed release: the higher of the recorded and the load balancer's weight."""
    target: ReleaseRef | None
    """The release to go back to. None if no deployment ever completed."""
    target_capacity: int
    """Tasks of the target at full capacity."""
    target_state: Literal["serving", "hot", "warm", "cold", "none"]
    """`serving` has traffic, `hot` runs without, `warm` is scaled to zero, `cold` is destroyed; `none`: no target."""
    timings: Timings
    target_desired: int = 0
    """Current desired count of the target's ECS service; below its capacity if it was scaled down."""
    target_weight: int = 0
    """Percent of the traffic on the target: the lower of record and load balancer; 0 if it was not read back yet."""
    leftovers: tuple[ReleaseRef, ...] = ()
    """Other releases that exist only for this deployment, such as a fresh baseline."""
    traffic_moved: bool = True
    """Whether this execution has changed the weights, so that requests to the failed release may still be open."""


def rollback_after_failure(facts: RollbackFacts) -> Plan:
    """Return the plan that replaces the plan of a failed deployment: shift traffic back, then destroy what failed."""
    steps: list[Step] = []
    if facts.target is not None:
        needs_shift = (
            facts.failed_weight > 0 or facts.target_weight < 100 or facts.target_desired < facts.target_capacity
        )
        if needs_shift:
            steps += [*_make_ready(facts, facts.target), _shift_back(facts, facts.target)]
    elif facts.failed_weight > 0:
        steps.append(SetTraffic(shares=(), margin_seconds=facts.timings.margin))
    to_destroy = ((facts.failed,) if facts.failed_exists else ()) + facts.leftovers
    clean_up: list[Step] = []
    if to_destroy and facts.traffic_moved:
        clean_up.append(Drain(seconds=facts.timings.drain))
    for release in to_destroy:
        clean_up += [Scale(release=release, desired_count=0), Retire(release=release)]
    return plan_of("rollback", steps, clean_up)


def rollback_on_request(facts: RollbackFacts) -> Plan:
    """Return the plan of `cutover rollback`: shift all traffic to `target`, and keep the other release as a standby.

    Raises:
        ValueError: there is no target.
    """
    if facts.target is None:
        raise ValueError("a rollback on request needs a target")
    steps = (*_make_ready(facts, facts.target), _shift_back(facts, facts.target, keep_failed=True))
    return Plan(strategy="rollback", steps=steps)


def _make_ready(facts: RollbackFacts, target: ReleaseRef) -> tuple[Step, ...]:
    """Start the target's missing tasks. The shift back waits for them, and uses each one as soon as it is healthy."""
    if facts.target_state == "cold":
        return (CreateRelease(release=target, desired_count=facts.target_capacity),)
    if facts.target_desired < facts.target_capacity:
        return (Scale(release=target, desired_count=facts.target_capacity),)
    return ()


def _shift_back(facts: RollbackFacts, target: ReleaseRef, *, keep_failed: bool = False) -> ShiftBack:
    timings = facts.timings
    return ShiftBack(
        release=target,
        failed=facts.failed,
        capacity=max(1, facts.target_capacity),
        min_healthy_percent=timings.min_healthy,
        interval_seconds=timings.interval,
        deadline_seconds=timings.deadline,
        margin_seconds=timings.margin,
        keep_failed=keep_failed,
    )
