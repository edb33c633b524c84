"""Run the reporter and the notifier beside the driver, each in a thread with a bounded queue.

They can slow, stop or fail nothing. `with beside(reporter, notifier) as (reporter, notifier):` gives ports that return
at once; the end of the context waits a short time for their last messages.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cutover.domain import Execution, JournalEvent, Verdict
from cutover.ports import Notifier, Reporter

CLOSE_SECONDS = 5.0
"""Time that the last messages get at the end."""
MOST_WAITING = 1000
"""Messages that may wait in one queue. When there are more, the oldest are dropped, but not those about the end."""
_log = logging.getLogger("cutover.background")


@contextmanager
def beside(
    reporter: Reporter, notifier: Notifier, close_seconds: float = CLOSE_SECONDS
) -> Iterator[tuple["BackgroundReporter", "BackgroundNotifier"]]:
    """Both ports beside the driver; the end of the context waits at most `close_seconds` for their last messages."""
    reporting, notifying = BackgroundReporter(reporter), BackgroundNotifier(notifier)
    try:
        yield reporting, notifying
    finally:
        deadline = time.monotonic() + close_seconds
        reporting.close(close_seconds)
        notifying.close(max(0.0, deadline - time.monotonic()))


class BackgroundReporter:
    """Implements `cutover.ports.Reporter`; when the output fails, it ends, and the deployment continues."""

    def __init__(self, reporter: Reporter, most_waiting: int = MOST_WAITING) -> None:
        self._reporter = reporter
        # rich raises SystemExit when the pipe is closed.
        self._queue = _Queue("reporter", most_waiting, ended_by=(OSError, SystemExit))

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """See `cutover.ports.Reporter`; returns at once."""
        self._queue.put(lambda: self._reporter.progress(execution, event), about_end=_is_about_end(event))

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """See `cutover.ports.Reporter`; returns at once."""
        self._queue.put(lambda: self._reporter.verdict(execution, verdict), about_end=False)

    @property
    def dropped(self) -> int:
        """Number of messages that were dropped, because the output was too slow."""
        return self._queue.dropped

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Accept no more messages, and wait until the last one is shown, but at most `timeout_seconds`.

        If the reader of stdout still takes nothing, nothing more is written to stdout: the process must end.
        """
        if not self._queue.close(timeout_seconds):
            _abandon_stdout()


class BackgroundNotifier:
    """Implements `cutover.ports.Notifier`; a receiver that does not answer delays other messages only."""

    def __init__(self, notifier: Notifier, most_waiting: int = MOST_WAITING) -> None:
        self._notifier = notifier
        self._queue = _Queue("notifier", most_waiting, ended_by=())

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        """See `cutover.ports.Notifier`; returns at once."""
        self._queue.put(lambda: self._notifier.notify(execution, event), about_end=_is_about_end(event))

    @property
    def dropped(self) -> int:
        """Number of messages that were dropped, because the receivers were too slow."""
        return self._queue.dropped

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Accept no more messages, and wait until the last one is sent, but at most `timeout_seconds`."""
        self._queue.close(timeout_seconds)


@dataclass(frozen=True, slots=True)
class _Message:
    send: Callable[[], None]
    about_end: bool


class _Queue:
    """A bounded queue, and the thread that sends its messages in order."""

    def __init__(self, name: str, most_waiting: int, ended_by: tuple[type[BaseException], ...]) -> None:
        self.dropped = 0
        self._name, self._most_waiting, self._ended_by = name, most_waiting, ended_by
        self._messages: deque[_Message] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._logged: set[type[BaseException]] = set()
        self._thread = threading.Thread(target=self._send_all, name=name, daemon=True)
        self._thread.start()

    def put(self, send: Callable[[], None], *, about_end: bool) -> None:
        with self._changed:
            if self._closed:
                return
            if len(self._messages) >= self._most_waiting:
                self._drop_oldest()
            self._messages.append(_Message(send, about_end))
            self._changed.notify()

    def close(self, timeout_seconds: float) -> bool:
        """Whether the thread has ended in time."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_seconds)
        with self._changed:
            unsent = len(self._messages)
            # What comes after the end of the context must not come between its lines.
            self._messages.clear()
        if self.dropped or unsent:
            _log.warning("the %s was too slow: %d messages were lost", self._name, self.dropped + unsent)
        return not self._thread.is_alive()

    def _drop_oldest(self) -> None:
        oldest = next((number for number, message in enumerate(self._messages) if not message.about_end), 0)
        del self._messages[oldest]
        self.dropped += 1

    def _send_all(self) -> None:
        while (message := self._next()) is not None:
            try:
                message.send()
            except BaseException as error:  # noqa: BLE001  nothing of a reporter or notifier may reach the driver
                self._log_once(error)
                if isinstance(error, self._ended_by):
                    self._end()

    def _next(self) -> _Message | None:
        with self._changed:
            while not self._messages and not self._closed:
                self._changed.wait()
            return self._messages.popleft() if self._messages else None

    def _end(self) -> None:
        with self._changed:
            self._closed = True
            self._messages.clear()

    def _log_once(self, error: BaseException) -> None:
        if type(error) not in self._logged:
            self._logged.add(type(error))
            _log.warning("the %s failed, and the deployment continues: %s: %s", self._name, type(error).__name__, error)


def _is_about_end(event: JournalEvent | None) -> bool:
    return event is not None and event.kind == "finished"


def _abandon_stdout() -> None:
    """Point `sys.stdout` elsewhere: the hanging thread may hold its lock, without which Python cannot end normally."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  open until the process ends
