"""Find weights that somebody changed outside cutover: the listener has others than the record."""

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.domain import Allocation
from cutover.execution.context import ExecutionContext

_RECHECK_SECONDS = 1.0
"""A difference must be read twice, this long apart, because AWS's answers may be a little old."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The recorded allocation, and the weights that the listener has instead (target group ARN → percent)."""

    recorded: Allocation
    live: Mapping[str, int]
    names: Mapping[str, str]
    """Target group ARN → release, of the releases that exist."""

    @property
    def sentence(self) -> str:
        """Both values, for people."""
        live = {self.names.get(arn, arn): weight for arn, weight in self.live.items()}
        recorded = {self.names.get(arn, arn): weight for arn, weight in self.recorded.positive().items()}
        return (
            f"the weights of the listener were changed outside cutover: they are {_shown(live)}, "
            f"recorded are {_shown(recorded)}"
        )

    def gained(self, release: str) -> int:
        """Percentage points of the traffic that `release` has more than recorded; negative if it has less."""
        live = sum(weight for arn, weight in self.live.items() if self.names.get(arn) == release)
        return live - self.recorded.weight_of(release)


def find_drift(context: ExecutionContext) -> Drift | None:
    """The difference between record and listener; None if there is none, or only an unfinished write of a driver."""
    if _as_recorded(context) is None:
        return None
    context.ports.clock.sleep(_RECHECK_SECONDS)
    different = _as_recorded(context)
    if different is None:
        return None
    names = {r.outputs.target_group_arn: r.ref.release for r in context.ports.ledger.standing() if r.outputs}
    return Drift(*different, names)


def _as_recorded(context: ExecutionContext) -> tuple[Allocation, Mapping[str, int]] | None:
    """None if the listener has the recorded weights, else record and live weights."""
    recorded, live = context.recorded_allocation(), dict(context.live_weights())
    if live == recorded.positive() or (not recorded.confirmed and live == recorded.replaced):
        return None
    return recorded, live


def _shown(weights: Mapping[str, int]) -> str:
    return ", ".join(f"{release} {weight} %" for release, weight in sorted(weights.items())) or "none"
