"""Which former releases are kept after a deployment: the one rule that a deploy and `cutover gc` share."""

from collections.abc import Sequence
from typing import Literal

from cutover.domain import ReleaseRef


def surplus(
    former: Sequence[ReleaseRef],
    leftovers: Sequence[ReleaseRef],
    mode: Literal["hot", "warm", "cold"],
    keep: int,
    *,
    serving_has_succeeded: bool,
) -> tuple[ReleaseRef, ...]:
    """The releases to destroy, in this order: the one that a rollback would go to is the last.

    Args:
        former: releases without traffic that succeeded once, the one that succeeded last first.
        leftovers: releases without traffic that never succeeded; none of them is kept.
        mode: `cold` keeps no former release; `hot` and `warm` keep the first `keep`.
        keep: number of former releases to keep.
        serving_has_succeeded: whether the release with the traffic succeeded once. If it did not, the first former
            release is the last good one: a rollback goes to it, so it is kept in every mode.
    """
    kept = 0 if mode == "cold" else keep
    if not serving_has_succeeded:
        kept = max(1, kept)
    return (*leftovers, *reversed(former[kept:]))
