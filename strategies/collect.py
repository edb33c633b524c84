"""Garbage collection: remove surplus releases from the listener, then destroy their stacks."""

from cutover.domain import Plan, ReleaseRef, Retire, SetTraffic
from cutover.strategies.capacity import share


def collect(serving: ReleaseRef, capacity: int, surplus: tuple[ReleaseRef, ...], drain: float) -> Plan:
    """Return the plan of `cutover gc`.

    The serving release keeps all traffic. Its weight is written again first, so that the listener no longer names a
    target group of a surplus release: ELB refuses to delete a target group that is in use
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html).

    Args:
        serving: the release that has the traffic.
        capacity: tasks of the serving release at full capacity.
        surplus: the releases to destroy.
        drain: seconds to wait before each stack is destroyed.
    """
    traffic = SetTraffic(shares=(share(serving, 100, capacity),), margin_seconds=0)
    retire = tuple(Retire(release=release, drain_seconds=drain) for release in surplus)
    return Plan(strategy="gc", steps=(traffic, *retire))
