"""Who watches an execution: a pipeline by JSON Lines, a log by plain lines.  The live tree is in tree.py."""

import json
import sys
from typing import TextIO

from cutover.cli.formatting import SYMBOLS
from cutover.cli.status_object import status_object
from cutover.domain import Execution, JournalEvent, Verdict


class JsonReporter:
    """One JSON object a line for each event; the status object follows as the last line of the verb."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """The event with the head's status."""
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
        """Every look of a gate, also those that changed nothing."""
        line = {"event": "look", "execution_id": execution.execution_id, **verdict.model_dump(mode="json")}
        self._write(line)

    def _write(self, line: dict[str, object]) -> None:
        # Each line at once: a pipeline that reads along must not wait for a buffer to fill.
        print(json.dumps(line), file=self._out, flush=True)


class PlainReporter:
    """One line for each event, with its time of day in UTC."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """The event's message in its place in the plan."""
        if event is None:
            return
        place = f"{min(event.step_index + 1, len(execution.plan.steps))}/{len(execution.plan.steps)}"
        head = f"{event.at:%H:%M:%S} {execution.phase.value:<14} {place:>5}"
        print(f"{head}  {event.kind:<8} {event.message}", file=self._out, flush=True)

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """Nothing: verdicts that changed come as events."""


def verdict_line(verdict: Verdict) -> str:
    """A gate's last word in one line."""
    return f"{SYMBOLS[verdict.verdict]} {verdict.gate}: {verdict.reason}"
