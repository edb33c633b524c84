"""What fails in a storm: API calls, tasks whose capacity is taken away, and a zone.

All choices are seeded (`Sky`). A zone fails for `ZONE_SECONDS` (of AWS): its tasks are gone, and no task starts there.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from cutover.localcloud.backends import Call
from cutover.localcloud.faults import THROTTLE, UNAVAILABLE, Fault
from cutover.localcloud.weather import Sky

ZONE_SECONDS = 300.0
ZONES = ("a", "b")


def fault_of_call(sky: Sky, call: Call) -> Fault | None:
    """Return the fault of this call in the present weather, or None; each call is equally likely to fail."""
    weather, number = sky.weather, sky.number("calls")
    if number < weather.throttled:
        return Fault(call.service, THROTTLE, call.action)
    if number < weather.throttled + weather.unavailable:
        return Fault(call.service, UNAVAILABLE, call.action)
    if number < weather.throttled + weather.unavailable + weather.lost_answers:
        return Fault(call.service, action=call.action, after_effect=True)
    return None


@dataclass(slots=True)
class Outage:
    """A zone that fails, from and until a time in seconds since the epoch."""

    zone: str
    began: float
    ends: float


class Zones:
    """The zones that fail; thread-safe. One zone fails at a time."""

    def __init__(self, sky: Sky, region: str, clock: Callable[[], float] = time.time) -> None:
        self._sky, self._region, self._clock = sky, region, clock
        self._lock = threading.Lock()
        self.outages: list[Outage] = []

    def fail(self, zone: str) -> None:
        """Make a zone fail from now on, unless one fails already."""
        now = self._clock()
        with self._lock:
            if not self.outages or self.outages[-1].ends <= now:
                self.outages.append(Outage(zone, now, now + self._sky.scaled(ZONE_SECONDS)))

    def strike(self, seconds: float) -> None:
        """Make a zone fail, with the probability of the weather for the last `seconds` of this machine."""
        if self._sky.happens("zone", self._sky.weather.zone_failures * seconds):
            self.fail(f"{self._region}{ZONES[int(self._sky.number('zone-name') * len(ZONES))]}")

    @property
    def failing(self) -> str | None:
        """The zone that fails now, or None."""
        with self._lock:
            last = self.outages[-1] if self.outages else None
            return last.zone if last is not None and last.ends > self._clock() else None
