"""What a person asks of the local cloud itself, beside AWS's APIs: how it is, and what is to go wrong next.

`GET /_cutover/status` · `POST /_cutover/faults` with `{"kind": …}`; `cutover local fault` is the front of it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from cutover.localcloud.faults import THROTTLE, UNAVAILABLE, Fault, FaultBook
from cutover.localcloud.task_faults import Disorders

CALL_FAULTS = ("throttle", "unavailable", "delay", "stale", "lost-answer")
TASK_FAULTS = ("task-crash", "flapping-health")
KINDS = (*CALL_FAULTS, *TASK_FAULTS, "none")
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FaultRequest:
    """One fault as it is asked for; `delay` in seconds.

    `service` is AWS's name of it for the faults of calls, an ECS service's name for a crash, and a target group's ARN
    for flapping health.
    """

    kind: str
    service: str = ""
    action: str = ""
    times: int = 1
    delay: float = 0.0


class Admin:
    """Answers below `/_cutover/`."""

    def __init__(self, status: Callable[[], dict[str, Any]], faults: FaultBook, disorders: Disorders) -> None:
        self._status, self._faults, self._disorders = status, faults, disorders

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """One request."""
        match environ["PATH_INFO"], environ["REQUEST_METHOD"]:
            case "/_cutover/status", "GET":
                return _answer(start, "200 OK", self._status())
            case "/_cutover/faults", "POST":
                return self._fault(environ, start)
            case _:
                return _answer(start, "404 Not Found", {"message": "unknown"})

    def grant(self, wish: FaultRequest) -> None:
        """Let it happen from now on; raises ValueError for a wish that names nothing."""
        if wish.kind == "none":
            self._faults.clear()
            self._disorders.clear()
            return
        if not wish.service:
            raise ValueError(f"{wish.kind} needs a service")
        match wish.kind:
            case "task-crash":
                self._disorders.crash(wish.service, wish.times)
            case "flapping-health":
                self._disorders.flap(wish.service)
            case "throttle":
                self._faults.add(Fault(wish.service, THROTTLE, wish.action, wish.times))
            case "unavailable":
                self._faults.add(Fault(wish.service, UNAVAILABLE, wish.action, wish.times))
            case "delay":
                self._faults.add(Fault(wish.service, action=wish.action, times=wish.times, delay=wish.delay))
            case "stale":
                self._faults.add(Fault(wish.service, action=wish.action, times=wish.times, stale=True))
            case "lost-answer":
                self._faults.add(Fault(wish.service, action=wish.action, times=wish.times, after_effect=True))
            case _:
                raise ValueError(f"{wish.kind!r} is none of {', '.join(KINDS)}")

    def _fault(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        try:
            if length > _MOST_BYTES:
                raise ValueError("too long")
            wish = FaultRequest(**json.loads(environ["wsgi.input"].read(length)))
            self.grant(wish)
        except (ValueError, TypeError) as error:
            return _answer(start, "400 Bad Request", {"message": str(error)})
        return _answer(start, "200 OK", asdict(wish))


def _answer(start: StartResponse, status: str, body: dict[str, Any]) -> Iterable[bytes]:
    text = json.dumps(body).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
