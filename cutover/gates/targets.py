"""The target gate: as many targets of the release's target group are healthy as the release needs."""

from collections import Counter
from collections.abc import Sequence

from cutover.domain import Outcome, Verdict
from cutover.ports import TargetHealth

GONE = frozenset({"draining"})


def judge_targets(targets: Sequence[TargetHealth], required: int) -> Verdict:
    """PASS when at least `required` targets are healthy and none is unhealthy; no targets at all never pass.

    An unhealthy target is INCONCLUSIVE, not FAIL: a task that starts shows it for a while, and ECS replaces one
    that stays so (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html).
    """
    live = [target for target in targets if target.state not in GONE]
    states = Counter(target.state for target in live)
    healthy = states["healthy"]
    measurements: dict[str, str | int | float | bool | None] = {
        "required": required,
        **dict(sorted(states.items())),
    }
    if healthy >= required and healthy == len(live):
        reason = f"{healthy} targets are healthy, {required} are needed"
        return Verdict(gate="targets", verdict=Outcome.PASS, reason=reason, measurements=measurements)
    shown = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none registered"
    why = next((f"; {t.target}: {t.reason}" for t in live if t.state == "unhealthy"), "")
    return Verdict(
        gate="targets",
        verdict=Outcome.INCONCLUSIVE,
        reason=f"{healthy} of {required} targets are healthy ({shown}){why}",
        measurements=measurements,
    )
