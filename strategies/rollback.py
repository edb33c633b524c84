"""Rollback: traffic back to the last good release first and at once, then the failed one loses its capacity.

The plan is made afresh from what is observed, needs no build, no registry and no edit, and is the same whether a
deployment failed or a person asked for it.
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
    """What is observed when a rollback begins."""

    failed: ReleaseRef
    failed_exists: bool
    failed_weight: int
    """Percent of the traffic that the failed release has, by record or by load balancer, whichever is more."""
    target: ReleaseRef | None
    """The last release that SUCCEEDED; None when there never was one."""
    target_capacity: int
    target_state: Literal["serving", "hot", "warm", "cold", "none"]
    target_healthy: int
    """Healthy targets that the target has now."""
    timings: Timings
    target_desired: int = 0
    """Tasks that the target's service is asked for now; fewer than its capacity where it was scaled down."""
    target_weight: int = 0
    """Percent of the traffic that the target has now."""
    failed_healthy: int = 1
    """Healthy targets of the failed release: with none the target is the only one alive."""
    leftovers: tuple[ReleaseRef, ...] = ()
    """Releases made for this deployment alone, such as a fresh baseline."""


def rollback_after_failure(facts: RollbackFacts) -> Plan:
    """The plan that a failed deployment goes over to."""
    steps: list[Step] = []
    gone = ((facts.failed,) if facts.failed_exists else ()) + facts.leftovers
    if facts.target is not None and (facts.failed_weight > 0 or facts.target_weight < 100):
        steps += _way_back(facts, facts.target)
    elif facts.target is not None and gone:
        # Its target group may stand in the listener with weight 0, and could then not be deleted.
        steps.append(_all_to(facts, facts.target, margin=0))
    elif facts.target is None and gone:
        steps.append(SetTraffic(shares=(), margin_seconds=0, direct_first=True))
    drain = facts.timings.drain if facts.failed_weight > 0 else 0.0
    for release in gone:
        steps += [
            Scale(release=release, desired_count=0, drain_seconds=drain),
            Retire(release=release, drain_seconds=drain),
        ]
    return Plan(strategy="rollback", steps=tuple(steps))


def rollback_on_request(facts: RollbackFacts) -> Plan:
    """The plan of `cutover rollback`: to `target`, while the release it leaves stays as a standby."""
    if facts.target is None:
        raise ValueError("a rollback on request needs a target")
    shares = (share(facts.target, 100, facts.target_capacity), share(facts.failed, 0, 1))
    move = SetTraffic(shares=shares, margin_seconds=facts.timings.margin, direct_first=True)
    return Plan(strategy="rollback", steps=(*_ready(facts, facts.target), move))


def _way_back(facts: RollbackFacts, target: ReleaseRef) -> list[Step]:
    """A target that was scaled down gets its capacity first, unless nobody else is alive to answer meanwhile."""
    ready = _ready(facts, target)
    only_one_alive = facts.target_healthy > 0 and (facts.failed_healthy == 0 or facts.failed_weight == 0)
    if ready and only_one_alive:
        return [_all_to(facts, target), *ready]
    return [*ready, _all_to(facts, target)]


def _ready(facts: RollbackFacts, target: ReleaseRef) -> list[Step]:
    small = facts.target_desired < facts.target_capacity
    if facts.target_state in ("serving", "hot") and not small and facts.target_healthy >= facts.target_capacity:
        return []
    steps: list[Step] = []
    if facts.target_state == "cold":
        steps.append(CreateRelease(release=target, desired_count=facts.target_capacity))
    elif small or facts.target_state == "warm":
        steps.append(Scale(release=target, desired_count=facts.target_capacity, drain_seconds=0))
    steps.append(await_healthy(target, facts.target_capacity, facts.timings))
    return steps


def _all_to(facts: RollbackFacts, target: ReleaseRef, margin: float | None = None) -> SetTraffic:
    # One healthy target is enough: what is left behind is worse.
    everything = Share(release=target, weight=100, required_count=min(1, facts.target_capacity))
    seconds = facts.timings.margin if margin is None else margin
    return SetTraffic(shares=(everything,), margin_seconds=seconds, direct_first=True)
