"""Keeps the last response to each read for the fault "stale", which simulates AWS's eventual consistency."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cutover.localcloud.backends import Call

MOST_RESPONSES = 256
MOST_BYTES = 16 * 1024 * 1024  # of all bodies

_READS = ("Describe", "Get", "List", "Query", "BatchGet")


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP response."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return sum(map(len, self.body))

    def send(self, start: StartResponse) -> Iterable[bytes]:
        """Send the response to the client."""
        start(self.status, list(self.headers))
        return self.body


class ResponseCache:
    """The last response to each different read; thread-safe. Above its limits it drops the oldest."""

    def __init__(self) -> None:
        self._responses: OrderedDict[str, Response] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def forward(self, inner: WSGIApplication, call: Call, environ: WSGIEnvironment) -> Response:
        """Send a call to `inner` and return the response; keep it if the call is a read."""
        heads: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
            heads.append((status, headers))
            return lambda _: None

        body = tuple(inner(environ, start))
        status, headers = heads[-1]
        response = Response(status, tuple(headers), body)
        if call.action.startswith(_READS):
            self._keep(_key(call), response)
        return response

    def last(self, call: Call) -> Response | None:
        """Return the last response to the same read, or None if there was none."""
        with self._lock:
            return self._responses.get(_key(call))

    def _keep(self, key: str, response: Response) -> None:
        with self._lock:
            if (previous := self._responses.pop(key, None)) is not None:
                self._bytes -= previous.size
            self._responses[key] = response
            self._bytes += response.size
            while len(self._responses) > MOST_RESPONSES or self._bytes > MOST_BYTES:
                _, dropped = self._responses.popitem(last=False)
                self._bytes -= dropped.size


def _key(call: Call) -> str:
    return json.dumps([call.service, call.action, call.path, call.fields], sort_keys=True, default=str)
