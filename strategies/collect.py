"""Clean-up: take what is not needed out of the listener, and destroy it."""

from cutover.domain import Plan, ReleaseRef, Retire, SetTraffic
from cutover.strategies.capacity import share


def collect(serving: ReleaseRef, capacity: int, surplus: tuple[ReleaseRef, ...], drain: float) -> Plan:
    """The plan; whoever serves keeps all traffic, written anew so that no target group of the surplus is named."""
    traffic = SetTraffic(shares=(share(serving, 100, capacity),), margin_seconds=0)
    retire = tuple(Retire(release=release, drain_seconds=drain) for release in surplus)
    return Plan(strategy="gc", steps=(traffic, *retire))
