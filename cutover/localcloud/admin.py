"""The local cloud's own API, beside AWS's APIs: shows its status, injects faults, and changes the weather.

`GET /_cutover/status` · `POST /_cutover/faults` with `{"kind": …}` · `POST /_cutover/weather` with `{"name": …}`.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from cutover.localcloud.faults import CONFLICT, EXPIRED, THROTTLE, UNAVAILABLE, Fault, FaultBook
from cutover.localcloud.storm import Zones
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import Sky

CALL_FAULTS = (
    "throttle",
    "unavailable",
    "delay",
    "stale",
    "lost-answer",
    "transaction-conflict",
    "failed-events",
    "expired-token",
)
_NEED_NO_SERVICE = ("transaction-conflict", "failed-events", "expired-token")
TASK_FAULTS = ("task-crash", "spot-interruption", "rebalancing", "zone-failure", "flapping-health")
KINDS = (*CALL_FAULTS, *TASK_FAULTS, "none")
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FaultRequest:
    """A request for one fault; `delay` is in seconds.

    `service` is the AWS service for a fault of API calls (`expired-token`: every service if it is empty), the name of
    an ECS service for a fault of its tasks, a zone for `zone-failure`, the ARN of a target group for `flapping-health`.
    """

    kind: str
    service: str = ""
    action: str = ""
    times: int = 1
    delay: float = 0.0


class Admin:
    """A WSGI application for the paths below `/_cutover/`."""

    def __init__(
        self,
        status: Callable[[], dict[str, Any]],
        faults: FaultBook,
        task_faults: TaskFaults,
        sky: Sky,
        zones: Zones,
    ) -> None:
        self._status, self._faults, self._task_faults = status, faults, task_faults
        self._sky, self._zones = sky, zones

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        match environ["PATH_INFO"], environ["REQUEST_METHOD"]:
            case "/_cutover/status", "GET":
                return _send(start, "200 OK", self._status())
            case "/_cutover/faults", "POST":
                return _answer(environ, start, self._receive_fault)
            case "/_cutover/weather", "POST":
                return _answer(environ, start, self._receive_weather)
            case _:  # any other path or method
                return _send(start, "404 Not Found", {"message": "the local cloud has no such path"})

    def inject(self, fault: FaultRequest) -> None:
        """Inject the fault from the next call or task on; the kind `none` ends all faults.

        Raises ValueError for an unknown kind, or if the service is missing.
        """
        if fault.kind == "none":
            self._faults.clear()
            self._task_faults.clear()
            return
        if not fault.service and fault.kind not in _NEED_NO_SERVICE:
            raise ValueError(f"a fault of the kind {fault.kind} needs a service")
        match fault.kind:
            case "task-crash" | "spot-interruption" | "rebalancing":
                self._task_faults.add(fault.kind, fault.service, fault.times)
            case "zone-failure":
                self._zones.fail(fault.service)
            case "flapping-health":
                self._task_faults.flap(fault.service)
            case _:  # a fault of an API call; `_call_fault` rejects an unknown kind
                self._faults.add(_call_fault(fault))

    def _receive_fault(self, fields: dict[str, Any]) -> dict[str, Any]:
        fault = FaultRequest(**fields)
        self.inject(fault)
        return asdict(fault)

    def _receive_weather(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._sky.change(str(fields.get("name")), int(fields.get("seed") or 0))
        return {"name": self._sky.weather.name, "seed": self._sky.seed}


def _call_fault(fault: FaultRequest) -> Fault:
    match fault.kind:
        case "throttle":
            return Fault(fault.service, THROTTLE, fault.action, fault.times)
        case "unavailable":
            return Fault(fault.service, UNAVAILABLE, fault.action, fault.times)
        case "delay":
            return Fault(fault.service, action=fault.action, times=fault.times, delay=fault.delay)
        case "stale":
            return Fault(fault.service, action=fault.action, times=fault.times, stale=True)
        case "lost-answer":
            return Fault(fault.service, action=fault.action, times=fault.times, after_effect=True)
        case "transaction-conflict":
            return Fault("dynamodb", CONFLICT, "TransactWriteItems", fault.times)
        case "failed-events":
            return Fault("events", action="PutEvents", times=fault.times, in_part=True)
        case "expired-token":
            return Fault(fault.service, EXPIRED, fault.action, fault.times)
    raise ValueError(f"there is no fault {fault.kind!r}; the kinds are {', '.join(KINDS)}")


def _answer(
    environ: WSGIEnvironment, start: StartResponse, receive: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterable[bytes]:
    """Send the JSON object of a request to `receive`, and its result or its ValueError or TypeError to the client."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    try:
        if length > _MOST_BYTES:
            raise ValueError(f"the request has {length} bytes, and at most {_MOST_BYTES} are accepted")
        result = receive(json.loads(environ["wsgi.input"].read(length)))
    except (ValueError, TypeError) as error:
        return _send(start, "400 Bad Request", {"message": str(error)})
    return _send(start, "200 OK", result)


def _send(start: StartResponse, status: str, body: dict[str, Any]) -> Iterable[bytes]:
    text = json.dumps(body).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
