"""Destroy: take all traffic away, then destroy the stack of every release."""

from cutover.domain import Drain, Plan, ReleaseRef, Retire, SetTraffic
from cutover.strategies.facts import Timings

NO_SERVICE = "this service was taken away"
"""Body of the load balancer's 503 response until the load balancer is destroyed too."""


def destroy(releases: tuple[ReleaseRef, ...], timings: Timings) -> Plan:
    """Return the plan of `cutover destroy`; the listener names no target group afterwards."""
    steps = (
        SetTraffic(shares=(), margin_seconds=timings.margin, maintenance=NO_SERVICE),
        Drain(seconds=timings.drain),
        *(Retire(release=release) for release in releases),
    )
    return Plan(strategy="destroy", steps=steps)
