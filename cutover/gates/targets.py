"""The target gate: enough of the release's targets are healthy."""

from collections import Counter
from collections.abc import Sequence

from cutover.domain import Outcome, Verdict
from cutover.gates.capacity import enough, is_degraded
from cutover.ports import TargetHealth

_IGNORED_STATES = frozenset({"draining", "initial"})
"""States of a target that ECS replaces or that it has just started; neither says anything about the release."""


def judge_targets(targets: Sequence[TargetHealth], required: int, percent: int) -> Verdict:
    """Return PASS if `percent` of `required` targets are healthy, and of those that the load balancer has checked.

    Otherwise INCONCLUSIVE. An unhealthy target is not a FAIL: a task that starts can be unhealthy for a while, and ECS
    replaces a task that stays unhealthy
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html).
    """
    states = Counter(target.state for target in targets if target.state != "draining")
    healthy = states["healthy"]
    checked = sum(count for state, count in states.items() if state not in _IGNORED_STATES)
    needed = max(enough(required, percent), enough(checked, percent))
    measurements: dict[str, str | int | float | bool | None] = {
        "required": required,
        **dict(sorted(states.items())),
    }
    if healthy >= needed:
        reason = f"{healthy} targets are healthy ({needed} are enough)"
        return Verdict(gate="targets", verdict=Outcome.PASS, reason=reason, measurements=measurements)
    state_counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none registered"
    detail = next((f"; {t.target}: {t.reason}" for t in targets if t.state == "unhealthy"), "")
    return Verdict(
        gate="targets",
        verdict=Outcome.INCONCLUSIVE,
        reason=f"{healthy} of {required} targets are healthy, {needed} are needed ({state_counts}){detail}",
        measurements=measurements,
        degraded=is_degraded(healthy, max(required, checked)),
    )
