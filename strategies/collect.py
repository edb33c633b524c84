"""Garbage collection: destroy the stacks of surplus releases."""

from cutover.domain import Drain, Plan, ReleaseRef, Retire


def collect(surplus: tuple[ReleaseRef, ...], drain: float) -> Plan:
    """Return the plan of `cutover gc`; the weights are not touched.

    Args:
        surplus: the releases to destroy; none of them has traffic.
        drain: seconds that must have passed since the last change of weights.
    """
    return Plan(strategy="gc", steps=(Drain(seconds=drain), *(Retire(release=release) for release in surplus)))
