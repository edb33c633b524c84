"""Rollback: move traffic back to the last successful release, then remove the failed one.

The plan is computed from the observed state. It needs no build, no image registry and no edit of a file.
"""

from dataclasses import dataclass
from typing import Literal

from cutover.domain import CreateRelease, Plan, ReleaseRef, Retire, Scale, SetTraffic, Step
from cutover.domain.steps import Share
from cutover.strategies.capacity import share
from cutover.strategies.common import await_healthy
from cutover.strategies.facts import Timings


@dataclass(frozen=True, slots=True)
class RollbackFacts:
    """The observed state when a rollback begins."""

    failed: ReleaseRef
    """The release to move traffic away from."""
    failed_exists: bool
    """Whether the failed release has a stack."""
    failed_weight: int
    """Percent of the traffic on the failed release: the higher of the recorded and the load balancer's weight."""
    target: ReleaseRef | None
    """The release to go back to: the last one that succeeded. None if no deployment ever succeeded."""
    target_capacity: int
    """Tasks of the target at full capacity."""
    target_state: Literal["serving", "hot", "warm", "cold", "none"]
    """`serving` has traffic, `hot` runs without, `warm` is scaled to zero, `cold` is destroyed; `none`: no target."""
    target_healthy: int
    """Number of healthy load balancer targets that the rollback target has now."""
    timings: Timings
    target_desired: int = 0
    """Current desired count of the target's ECS service; below its capacity if it was scaled down."""
    target_weight: int = 0
    """Percent of the traffic on the target: the lower of the recorded and the load balancer's weight."""
    failed_healthy: int = 1
    """Number of healthy load balancer targets of the failed release; with 0 it cannot serve requests."""
    leftovers: tuple[ReleaseRef, ...] = ()
    """Other releases that exist only for this deployment, such as a fresh baseline."""


def rollback_after_failure(facts: RollbackFacts) -> Plan:
    """Return the plan that replaces the plan of a failed deployment: shift traffic back, then destroy what failed."""
    steps: list[Step] = []
    to_destroy = ((facts.failed,) if facts.failed_exists else ()) + facts.leftovers
    if facts.target is not None and (facts.failed_weight > 0 or facts.target_weight < 100):
        steps += _shift_back(facts, facts.target)
    elif facts.target is not None and to_destroy:
        # The listener may still name the failed release's target group; ELB then refuses to delete the group.
        steps.append(_all_to(facts, facts.target, margin=0))
    elif facts.target is None and to_destroy:
        steps.append(SetTraffic(shares=(), margin_seconds=0, direct_first=True))
    drain = facts.timings.drain if facts.failed_weight > 0 else 0.0
    for release in to_destroy:
        steps += [
            Scale(release=release, desired_count=0, drain_seconds=drain),
            Retire(release=release, drain_seconds=drain),
        ]
    return Plan(strategy="rollback", steps=tuple(steps))


def rollback_on_request(facts: RollbackFacts) -> Plan:
    """Return the plan of `cutover rollback`: shift all traffic to `target`, and keep the other release as a standby.

    Raises:
        ValueError: there is no target.
    """
    if facts.target is None:
        raise ValueError("a rollback on request needs a target")
    shares = (share(facts.target, 100, facts.target_capacity), share(facts.failed, 0, 1))
    move = SetTraffic(shares=shares, margin_seconds=facts.timings.margin, direct_first=True)
    return Plan(strategy="rollback", steps=(*_make_ready(facts, facts.target), move))


def _shift_back(facts: RollbackFacts, target: ReleaseRef) -> list[Step]:
    """Make the target ready, then give it all traffic; in reverse order if no other release can serve requests."""
    make_ready = _make_ready(facts, target)
    target_serves_alone = facts.target_healthy > 0 and (facts.failed_healthy == 0 or facts.failed_weight == 0)
    if make_ready and target_serves_alone:
        return [_all_to(facts, target), *make_ready]
    return [*make_ready, _all_to(facts, target)]


def _make_ready(facts: RollbackFacts, target: ReleaseRef) -> list[Step]:
    scaled_down = facts.target_desired < facts.target_capacity
    if facts.target_state in ("serving", "hot") and not scaled_down and facts.target_healthy >= facts.target_capacity:
        return []
    steps: list[Step] = []
    if facts.target_state == "cold":
        steps.append(CreateRelease(release=target, desired_count=facts.target_capacity))
    elif scaled_down or facts.target_state == "warm":
        steps.append(Scale(release=target, desired_count=facts.target_capacity, drain_seconds=0))
    steps.append(await_healthy(target, facts.target_capacity, facts.timings))
    return steps


def _all_to(facts: RollbackFacts, target: ReleaseRef, margin: float | None = None) -> SetTraffic:
    # One healthy target is enough: a release that is too small is better than one that failed.
    all_traffic = Share(release=target, weight=100, required_count=min(1, facts.target_capacity))
    seconds = facts.timings.margin if margin is None else margin
    return SetTraffic(shares=(all_traffic,), margin_seconds=seconds, direct_first=True)
