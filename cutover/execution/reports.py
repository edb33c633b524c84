"""Send what was recorded to reporter and notifier. A lost line stops nothing, and a write of weights comes first."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cutover.domain import Execution, JournalEvent, Verdict
from cutover.ports import Ports

_log = logging.getLogger("cutover.reports")


class Reports:
    """Sends events and verdicts of one execution to the reporter and the notifier; never raises."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._waiting: list[Callable[[], None]] | None = None

    def event(self, head: Execution, event: JournalEvent) -> None:
        """Show the changed head, and send the messages for the event."""
        self._send(lambda: self._ports.reporter.progress(head, event))
        self._send(lambda: self._ports.notifier.notify(head, event))

    def verdict(self, head: Execution, verdict: Verdict) -> None:
        """Show a verdict."""
        self._send(lambda: self._ports.reporter.verdict(head, verdict))

    @contextmanager
    def afterwards(self) -> Iterator[None]:
        """Send only when the context ends: users wait for what happens in it."""
        self._waiting = []
        try:
            yield
        finally:
            waiting, self._waiting = self._waiting, None
            for send in waiting:
                self._send(send)

    def _send(self, send: Callable[[], None]) -> None:
        if self._waiting is not None:
            self._waiting.append(send)
            return
        try:
            send()
        except Exception:  # noqa: BLE001  a lost line or message must not stop or fail a deployment
            _log.warning("an event was not reported", exc_info=True)
