"""What was last answered to each read, for the fault of a stale one: AWS's APIs are eventually consistent."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cutover.localcloud.backends import Call

_READS = ("Describe", "Get", "List", "Query", "BatchGet")
_KEPT = 256  # answers; the oldest go first


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: tuple[bytes, ...]

    def give(self, start: StartResponse) -> Iterable[bytes]:
        """Send it."""
        start(self.status, list(self.headers))
        return self.body


class Answers:
    """The last answer to each different read; safe to use from any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, inner: WSGIApplication, call: Call, environ: WSGIEnvironment) -> Answer:
        """What `inner` answers now, kept if it is a read."""
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            del rest
            told.append((status, headers))
            return lambda _: None

        body = tuple(inner(environ, note))
        status, headers = told[-1]
        answer = Answer(status, tuple(headers), body)
        if call.action.startswith(_READS):
            with self._lock:
                self._kept[_key(call)] = answer
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return answer

    def last(self, call: Call) -> Answer | None:
        """What was answered to the same read before; None where it was never asked."""
        with self._lock:
            return self._kept.get(_key(call))


def _key(call: Call) -> str:
    return json.dumps([call.service, call.action, call.path, call.fields], sort_keys=True, default=str)
