"""What the verbs that carry out an execution share: the world, who watches, and how it ends."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from cutover.cli.context import Context
from cutover.cli.formatting import duration, evidence
from cutover.cli.reporters import JsonReporter, PlainReporter
from cutover.cli.status_object import status_object
from cutover.domain import Execution, Phase, Status
from cutover.domain.errors import Exit, Paused
from cutover.ports import Ports, Reporter


@contextmanager
def open_ports(context: Context, when_paused: Literal["wait", "leave"] = "wait") -> Iterator[Ports]:
    """The ports of the chosen environment for a verb that acts, with the reporter that the options choose."""
    from cutover.composition import acting_ports

    config = context.config()
    with _reporter(context) as reporter:
        yield acting_ports(config, reporter, when_paused)


def ports_to_read(context: Context) -> Ports:
    """The ports of the chosen environment for a verb that carries nothing out; no signal handlers are installed."""
    from cutover.composition import reading_ports

    return reading_ports(context.config())


def run(
    context: Context,
    carry_out: Callable[[Ports], Execution | None],
    nothing: str,
    *,
    leave_when_paused: bool = False,
) -> int:
    """Carry something out and tell how it ended; `nothing` is said where there was nothing to do."""
    with open_ports(context, "leave" if leave_when_paused else "wait") as ports:
        try:
            execution = carry_out(ports)
        except Paused:
            # What a pipeline reads last is the status object, also where a person is waited for.
            execution = ports.ledger.latest_execution()
        shown = execution or ports.ledger.latest_execution()
    if execution is not None:
        return finish(context, execution)
    if context.json:
        print(json.dumps({"event": "nothing-to-do", "message": nothing}))
        print(json.dumps(status_object(shown) if shown else None), flush=True)
    else:
        print(nothing)
    return Exit.OK


def finish(context: Context, execution: Execution) -> int:
    """Tell how an execution ended, and return the exit code that says the same."""
    if context.json:
        print(json.dumps(status_object(execution)), flush=True)
    else:
        _tell(execution)
    return exit_code(execution)


def exit_code(execution: Execution | None) -> Exit:
    """What a pipeline learns from how an execution stands; a rollback is never a success."""
    if execution is None or execution.status is Status.COMPLETED:
        return Exit.OK
    if execution.status is Status.ROLLED_BACK:
        return Exit.ROLLED_BACK
    if execution.phase is Phase.PAUSED:
        return Exit.PAUSED
    return Exit.NEEDS_OPERATOR if execution.status is Status.FAILED else Exit.OK


@contextmanager
def _reporter(context: Context) -> Iterator[Reporter]:
    if not context.live:
        yield JsonReporter() if context.json else PlainReporter()
        return
    from rich.console import Console

    from cutover.cli.tree import TreeReporter
    from cutover.composition import open_clock

    with TreeReporter(Console(), open_clock().now) as tree:
        yield tree


def _tell(execution: Execution) -> None:
    taken = duration(((execution.completed_at or execution.updated_at) - execution.started_at).total_seconds())
    name = execution.candidate.release
    if execution.status is Status.COMPLETED:
        done = "has all traffic" if execution.purpose in ("deploy", "rollback") else f"{execution.purpose} is done"
        print(f"✔ {name} {done} after {taken} (execution {execution.execution_id})")
        return
    if execution.phase is Phase.PAUSED:
        print(f"… {name} waits for a person after {taken} (execution {execution.execution_id})")
        print(f"  next: cutover -e {execution.environment} promote, then cutover -e {execution.environment} resume")
        return
    reason = execution.error.message if execution.error else "unknown reason"
    ended = "rolled back" if execution.status is Status.ROLLED_BACK else execution.status.value
    print(f"✖ {name} {ended} after {taken}: {reason}", file=sys.stderr)
    for line in evidence(execution):
        print(f"    {line}", file=sys.stderr)
    verb = "show" if execution.status is Status.ROLLED_BACK else "resume"
    print(f"  next: cutover -e {execution.environment} {verb} {execution.execution_id}", file=sys.stderr)
