"""Format verdicts and next commands for a terminal. Handlers format the steps."""

import shlex
from contextvars import ContextVar
from pathlib import Path

from cutover.domain import Execution, Outcome, Verdict

FOLDER: ContextVar[Path | None] = ContextVar("FOLDER", default=None)
"""The folder of the option -C, which every next command repeats; None for the current folder."""
SYMBOLS = {Outcome.PASS: "✔", Outcome.FAIL: "✖", Outcome.INCONCLUSIVE: "…", Outcome.ERROR: "!"}


def next_line(environment: str | None, verb: str) -> str:
    """The line that names the next command, such as `  next: cutover -e prod status --watch`."""
    return f"  next: {command(environment, verb)}"


def command(environment: str | None, verb: str) -> str:
    """`cutover -e ENV VERB`, ready to type."""
    return with_environment(f"cutover {verb}", environment)


def with_environment(hint: str, environment: str | None) -> str:
    """Add `-C DIR -e ENV` to a hint that needs an environment; return every other hint unchanged."""
    needs_none = not hint.startswith("cutover ") or hint.startswith("cutover local ") or " -e " in hint
    if needs_none or not environment:
        return hint
    folder = FOLDER.get()
    place = f"-C {shlex.quote(str(folder))} " if folder is not None else ""
    return hint.replace("cutover ", f"cutover {place}-e {environment} ", 1)


def verdict_line(verdict: Verdict) -> str:
    """A gate's last verdict in one line."""
    return f"{SYMBOLS[verdict.verdict]} {verdict.gate}: {verdict.reason}"


def evidence(execution: Execution) -> list[str]:
    """The last verdict of every gate that did not pass, with its measurements."""
    return [_evidence(verdict) for verdict in execution.verdicts if verdict.verdict is not Outcome.PASS]


def _evidence(verdict: Verdict) -> str:
    measured = ", ".join(f"{name}={value}" for name, value in verdict.measurements.items() if value not in (None, ""))
    line = f"{verdict.gate}: {verdict.verdict.value} - {verdict.reason}"
    return f"{line} ({measured})" if measured else line
