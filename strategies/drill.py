"""Rollback drill on request: the standby release gets 1 %, 0 %, 1 % and finally 0 % of the traffic."""

from cutover.domain import Drill, Plan, ReleaseRef, SetTraffic
from cutover.strategies.capacity import share


def drill(serving: ReleaseRef, capacity: int, standby: ReleaseRef, margin: float) -> Plan:
    """Return the plan of `cutover drill`.

    Args:
        serving: the release that has the traffic.
        capacity: tasks of the serving release at full capacity.
        standby: the release that gets 1 % of the traffic for a moment.
        margin: seconds to wait after each change of weights, until all load balancer nodes use it.
    """
    return Plan(
        strategy="drill",
        steps=(
            Drill(release=standby, serving=serving, margin_seconds=margin),
            SetTraffic(
                shares=(share(serving, 100, capacity), share(standby, 0, 1)),
                margin_seconds=margin,
            ),
        ),
    )
