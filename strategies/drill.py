"""A rollback drill on request: the standby gets 1 %, nothing, 1 %, and in the end nothing."""

from cutover.domain import Drill, Plan, ReleaseRef, SetTraffic
from cutover.domain.steps import Share
from cutover.strategies.capacity import share


def drill(serving: ReleaseRef, capacity: int, standby: ReleaseRef, margin: float) -> Plan:
    """The plan; `capacity` tasks carry all traffic of the serving release."""
    return Plan(
        strategy="drill",
        steps=(
            Drill(release=standby, serving=serving, margin_seconds=margin),
            SetTraffic(
                shares=(share(serving, 100, capacity), share(standby, 0, 1)),
                margin_seconds=margin,
                direct_first=True,
            ),
        ),
    )


def end_drill(serving: ReleaseRef, capacity: int, margin: float) -> Plan:
    """The way back from a drill that failed: everything to the release that serves."""
    everything = Share(release=serving, weight=100, required_count=min(1, capacity))
    step = SetTraffic(shares=(everything,), margin_seconds=margin, direct_first=True)
    return Plan(strategy="drill", steps=(step,))
