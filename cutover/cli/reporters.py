"""Report an execution as JSON Lines for a pipeline, or as plain lines for a log; the live tree is in tree.py."""

import json
import sys
from typing import TextIO

from cutover.cli.status_object import status_object
from cutover.domain import Execution, JournalEvent, Verdict


class JsonReporter:
    """Prints one JSON object a line for each event; the verb prints the status object as its last line."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

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
        self._write(line)

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """Print every verdict, also one that is the same as the gate's last one."""
        line = {"event": "gate", "execution_id": execution.execution_id, **verdict.model_dump(mode="json")}
        self._write(line)

    def _write(self, line: dict[str, object]) -> None:
        # Flush each line, so that a pipeline sees it at once.
        print(json.dumps(line), file=self._out, flush=True)


class PlainReporter:
    """Prints one line for each event, with the time of day in UTC."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """Print the event's message with the number of its step."""
        if event is None:
            return
        place = f"{min(event.step_index + 1, len(execution.plan.steps))}/{len(execution.plan.steps)}"
        head = f"{event.at:%H:%M:%S} {execution.phase.value:<14} {place:>5}"
        print(f"{head}  {event.kind:<8} {event.message}", file=self._out, flush=True)

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """Print nothing: a changed verdict also arrives as an event."""
