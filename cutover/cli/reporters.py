"""Report an execution as JSON Lines for a pipeline, or as plain lines for a log; the live tree is in tree.py."""

import json
import logging
import os
import sys
from contextlib import suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import TextIO

from cutover.cli.status_object import status_object
from cutover.domain import Execution, JournalEvent, Verdict

_log = logging.getLogger("cutover.reporter")


class JsonReporter:
    """Prints one JSON object a line for each event; the verb prints the status object as its last line."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._lines = _Lines(out or sys.stdout)

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """Print the event with the status of the execution."""
        if event is None:
            return
        state = status_object(execution)
        line = {
            "event": event.kind,
            "at": event.at.isoformat(timespec="milliseconds"),
            "message": event.message,
            **{key: state[key] for key in ("execution_id", "status", "phase", "step", "traffic")},
        }
        self._lines.write(json.dumps(line))

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """Print every verdict, also one that is the same as the gate's last one."""
        line = {"event": "gate", "execution_id": execution.execution_id, **verdict.model_dump(mode="json")}
        self._lines.write(json.dumps(line))


class PlainReporter:
    """Prints one line for each event, with the time of day in UTC."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._lines = _Lines(out or sys.stdout)

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """Print the event's message with the number of its step."""
        if event is None:
            return
        place = f"{min(event.step_index + 1, len(execution.plan.steps))}/{len(execution.plan.steps)}"
        head = f"{event.at:%H:%M:%S} {execution.phase.value:<14} {place:>5}"
        self._lines.write(f"{head}  {event.kind:<8} {event.message}")

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """Print nothing: a changed verdict also arrives as an event."""


class _Lines:
    """Writes whole lines. The first one that cannot be written ends the output, and the deployment continues."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._ended = out, False

    def write(self, line: str) -> None:
        """Write and flush the line, so that a pipeline sees it at once."""
        if self._ended:
            return
        try:
            self._out.write(f"{line}\n")
            self._out.flush()
        except OSError as error:
            self._ended = True
            _log.warning("the output ends here (%s), and the deployment continues", error.strerror or error)
            discard_output(self._out)


def discard_output(out: TextIO) -> None:
    """Throw away whatever is written to `out` from now on, if it is stdout: Python would fail again at exit."""
    if out is not sys.stdout:
        return
    # A stdout without a file descriptor, as in a test, needs nothing.
    with suppress(UnsupportedOperation), Path(os.devnull).open("w", encoding="utf-8") as null:
        os.dup2(null.fileno(), out.fileno())
