"""Faults on demand: which call fails next, how, and how often."""

import threading
from dataclasses import dataclass, field, replace

from cutover.localcloud.backends import Call, Refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls the next `times` calls of `action` (any action when empty) of `service`.

    It is answered `delay` seconds later; a `stale` read is answered as the same read was before; a `refusal` stands
    in place of the effect. With `after_effect` the effect is there and its answer is lost, as in a timeout.
    """

    service: str
    refusal: Refusal | None = None
    action: str = ""
    times: int = 1
    after_effect: bool = False
    delay: float = 0.0
    stale: bool = False


THROTTLE = Refusal("ThrottlingException", "Rate exceeded")
UNAVAILABLE = Refusal("ServiceUnavailable", "Service is unable to handle request.", 503)


@dataclass(slots=True)
class FaultBook:
    """The faults that are still to strike; safe to use from any thread."""

    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Let it strike from the next call on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._faults.clear()

    def strike(self, call: Call) -> Fault | None:
        """The fault that befalls this call, counted down by one; None for nearly every call."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.service == call.service and fault.action in ("", call.action):
                    if fault.times <= 1:
                        del self._faults[index]
                    else:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    return fault
        return None
