"""Faults of API calls on request: which call fails next, how, and how many times."""

import threading
from dataclasses import dataclass, field, replace

from cutover.localcloud.backends import AwsError, Call


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the next `times` calls of `action` (any action if empty) of `service` (any service if empty).

    `delay` seconds pass before the answer. A `stale` read gets the previous response to the same read. A call with an
    `error` gets the error and has no effect. With `after_effect` the call takes effect and its answer is lost, as in a
    time-out. With `in_part` the first entry of PutEvents fails, and the others take effect.
    """

    service: str
    error: AwsError | None = None
    action: str = ""
    times: int = 1
    after_effect: bool = False
    delay: float = 0.0
    stale: bool = False
    in_part: bool = False


THROTTLE = AwsError("ThrottlingException", "Rate exceeded")
EXPIRED = AwsError("ExpiredTokenException", "The security token included in the request is expired", 403)
CONFLICT = AwsError(
    "TransactionCanceledException",
    "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]",
    details=(
        ("CancellationReasons", [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]),
    ),
)
UNAVAILABLE = AwsError("ServiceUnavailable", "Service is unable to handle request.", 503)


@dataclass(slots=True)
class FaultBook:
    """The faults of future calls; thread-safe."""

    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Inject the fault from the next call on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, call: Call) -> Fault | None:
        """Return the fault of this call, and count it down by one; None if the call has no fault."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.service in ("", call.service) and fault.action in ("", call.action):
                    if fault.times <= 1:
                        del self._faults[index]
                    else:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    return fault
        return None
