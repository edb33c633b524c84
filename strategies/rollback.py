"""Rollback: traffic back to the last good release first and at once, then the failed one loses its capacity.

The plan is made afresh from what is observed, needs no build, no registry and no edit, and is the same whether a
deployment failed or a person asked for it.
"""

from dataclasses import dataclass
from typing import Literal

from driver.model import AwaitHealthy, CreateRelease, Plan, ReleaseRef, Retire, Scale, SetTraffic, Step
from strategies.facts import GATES, Waits


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
    target_healthy: bool
    """Whether the target has its full capacity healthy now."""
    waits: Waits


def rollback_after_failure(facts: RollbackFacts) -> Plan:
    """The plan that a failed deployment goes over to."""
    steps: list[Step] = []
    if facts.target is not None and facts.failed_weight > 0:
        steps += _ready(facts, facts.target)
        steps.append(_all_traffic(facts, facts.target))
    elif facts.target is not None and facts.failed_exists:
        # Its target group may stand in the listener with weight 0, and could then not be deleted.
        steps.append(_all_traffic(facts, facts.target, margin=0))
    elif facts.failed_exists:
        steps.append(SetTraffic(weights=(), margin_seconds=0, required_count=0, direct_first=True))
    if facts.failed_exists:
        drain = facts.waits.drain if facts.failed_weight > 0 else 0.0
        steps += [
            Scale(release=facts.failed, desired_count=0, drain_seconds=drain),
            Retire(release=facts.failed, drain_seconds=drain),
        ]
    return Plan(strategy="rollback", steps=tuple(steps))


def rollback_on_request(facts: RollbackFacts) -> Plan:
    """The plan of `cutover rollback`: to `target`, while the release it leaves stays as a standby."""
    if facts.target is None:
        raise ValueError("a rollback on request needs a target")
    return Plan(
        strategy="rollback",
        steps=(
            *_ready(facts, facts.target),
            SetTraffic(
                weights=((facts.target, 100), (facts.failed, 0)),
                margin_seconds=facts.waits.margin,
                required_count=facts.target_capacity,
                direct_first=True,
            ),
        ),
    )


def _ready(facts: RollbackFacts, target: ReleaseRef) -> list[Step]:
    if facts.target_state in ("serving", "hot") and facts.target_healthy:
        return []
    steps: list[Step] = []
    if facts.target_state == "cold":
        steps.append(CreateRelease(release=target))
    if facts.target_state == "warm":
        steps.append(Scale(release=target, desired_count=facts.target_capacity, drain_seconds=0))
    steps.append(
        AwaitHealthy(
            release=target,
            gates=GATES,
            required_count=facts.target_capacity,
            consecutive=facts.waits.consecutive,
            interval_seconds=facts.waits.interval,
            deadline_seconds=facts.waits.deadline,
        )
    )
    return steps


def _all_traffic(facts: RollbackFacts, target: ReleaseRef, margin: float | None = None) -> SetTraffic:
    return SetTraffic(
        weights=((target, 100),),
        margin_seconds=facts.waits.margin if margin is None else margin,
        required_count=min(1, facts.target_capacity),
        direct_first=True,
    )
