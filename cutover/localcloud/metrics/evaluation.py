"""Decides the state of an alarm: M of N periods against a threshold, with AWS's treatment of missing data.

The tables are those of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
EXTRA_PERIODS = 2  # evaluated beyond N: older points replace missing ones

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def next_state(
    points: Sequence[float | None],
    *,
    breaches: Callable[[float], bool],
    periods: int,
    to_alarm: int,
    missing: str,
    current: str,
) -> str:
    """Return the new state, from the points of the last `periods` + 2 periods, oldest first (None: missing).

    `to_alarm` is M, `periods` is N, `missing` is TreatMissingData, `current` is the present state.
    """
    real = [breaches(point) for point in points if point is not None][-periods:]
    breaching = sum(real)
    absent = periods - len(real)
    if missing == "breaching":
        return ALARM if breaching + absent >= to_alarm else OK
    if missing == "notBreaching":
        return ALARM if breaching >= to_alarm else OK
    if not real:
        return current if missing == "ignore" else INSUFFICIENT
    if missing == "ignore" and breaching < to_alarm:
        return current if breaching == len(real) else OK
    return ALARM if breaching >= min(to_alarm, len(real)) else OK
