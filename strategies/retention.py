"""Decides which former releases to destroy after a deployment; `cutover deploy` and `cutover gc` share this rule."""

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
    """Return the releases to destroy, in order. The release that a rollback would go to comes last.

    Args:
        former: releases without traffic on the stack of good releases, the last good one first.
        leftovers: the other releases without traffic: they never succeeded, or a rollback left them. All are destroyed.
        mode: `cold` keeps no former release; `hot` and `warm` keep the first `keep`.
        keep: number of former releases to keep.
        serving_has_succeeded: whether the release with the traffic is on the stack. If not, the first former release is
            the last good release. A rollback goes to it, so every mode keeps it.
    """
    kept = 0 if mode == "cold" else keep
    if not serving_has_succeeded:
        kept = max(1, kept)
    return (*leftovers, *reversed(former[kept:]))
