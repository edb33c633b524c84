"""The target gate: the release's target group has enough healthy targets and no unhealthy one."""

from collections import Counter
from collections.abc import Sequence

from cutover.domain import Outcome, Verdict
from cutover.ports import TargetHealth

_IGNORED_STATES = frozenset({"draining"})


def judge_targets(targets: Sequence[TargetHealth], required: int) -> Verdict:
    """Return PASS if at least `required` targets are registered and all of them are healthy, else INCONCLUSIVE.

    Draining targets do not count. An unhealthy target is not a FAIL: a task that starts can be unhealthy for a while,
    and ECS replaces a task that stays unhealthy (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html).
    """
    registered = [target for target in targets if target.state not in _IGNORED_STATES]
    states = Counter(target.state for target in registered)
    healthy = states["healthy"]
    measurements: dict[str, str | int | float | bool | None] = {
        "required": required,
        **dict(sorted(states.items())),
    }
    if healthy >= required and healthy == len(registered):
        reason = f"{healthy} targets are healthy ({required} needed)"
        return Verdict(gate="targets", verdict=Outcome.PASS, reason=reason, measurements=measurements)
    state_counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none registered"
    detail = next((f"; {t.target}: {t.reason}" for t in registered if t.state == "unhealthy"), "")
    return Verdict(
        gate="targets",
        verdict=Outcome.INCONCLUSIVE,
        reason=f"{healthy} of {required} targets are healthy ({state_counts}){detail}",
        measurements=measurements,
    )
