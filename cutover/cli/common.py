"""Shared by the verbs that carry out an execution: open the ports, choose the reporter, print the result."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, assert_never

from cutover.cli.context import Context
from cutover.cli.formatting import command, evidence, next_line
from cutover.cli.reporters import JsonReporter, PlainReporter
from cutover.cli.status_object import current_status, status_object
from cutover.domain import Execution, Phase, Status
from cutover.domain.duration import duration
from cutover.domain.errors import Exit, Paused
from cutover.ports import Ports, Reporter


def run(
    context: Context,
    carry_out: Callable[[Ports], Execution | None],
    nothing: str,
    *,
    leave_when_paused: bool = False,
) -> int:
    """Call `carry_out`, print how its execution ended, and return the exit code.

    `carry_out` returns None if there is nothing to do; then `nothing` is printed.
    """
    with open_ports(context, "leave" if leave_when_paused else "wait") as ports:
        try:
            execution = carry_out(ports)
        except Paused:
            # A pipeline reads the status object from the last line, also when the execution waits for a person.
            execution = ports.ledger.latest_execution()
    if execution is not None:
        return finish(context, execution)
    if context.json:
        print(json.dumps({"event": "nothing-to-do", "message": nothing}))
        status = current_status(ports.config, ports.ledger.latest_execution(), ports.ledger.allocation())
        print(json.dumps(status), flush=True)
    else:
        print(nothing)
    return Exit.OK


@contextmanager
def open_ports(context: Context, when_paused: Literal["wait", "leave"] = "wait") -> Iterator[Ports]:
    """The ports for a verb that carries out an execution, with the reporter that the options choose."""
    from cutover.composition import acting_ports

    config = context.config()
    with _reporter(context) as reporter, acting_ports(config, reporter, when_paused) as ports:
        yield ports


def ports_to_read(context: Context) -> Ports:
    """The ports for a verb that carries out no execution; installs no signal handlers."""
    from cutover.composition import reading_ports

    return reading_ports(context.config())


def finish(context: Context, execution: Execution) -> int:
    """Print how an execution ended, and return its exit code, also when nobody reads stdout any more."""
    try:
        if context.json:
            print(json.dumps(status_object(execution)), flush=True)
        else:
            _print_end(execution)
            sys.stdout.flush()
    except BrokenPipeError:
        # Without dup2 Python would fail again at exit, and the exit code would be lost.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_code(execution)


def exit_code(execution: Execution | None) -> Exit:
    """The exit code of an execution's status; a rollback is never a success."""
    if execution is None:
        return Exit.OK
    match execution.status:
        case Status.COMPLETED:
            return Exit.OK
        case Status.ROLLED_BACK:
            return Exit.ROLLED_BACK
        case Status.FAILED:
            return Exit.NEEDS_OPERATOR
        case Status.IN_PROGRESS:
            return Exit.PAUSED if execution.phase is Phase.PAUSED else Exit.OK
        case _:
            assert_never(execution.status)


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


def _print_end(execution: Execution) -> None:
    taken = duration(((execution.completed_at or execution.updated_at) - execution.started_at).total_seconds())
    name = execution.candidate.release
    if execution.status is Status.COMPLETED:
        moves_traffic = execution.purpose in ("deploy", "rollback")
        result = "has all traffic" if moves_traffic else f"{execution.purpose} completed"
        print(f"✔ {name} {result} after {taken} (execution {execution.execution_id})")
        for warning in execution.warnings:
            print(f"  ! {warning}; `cutover gc` tries again")
        return
    if execution.phase is Phase.PAUSED:
        print(f"… {name} waits for a person to promote it (execution {execution.execution_id}, started {taken} ago)")
        print(next_line(execution.environment, "promote"))
        print(f"  then: {command(execution.environment, 'resume')}")
        return
    reason = execution.error.message if execution.error else "unknown reason"
    ended = "was rolled back" if execution.status is Status.ROLLED_BACK else f"is {execution.status.value}"
    print(f"✖ {name} {ended} after {taken}: {reason}", file=sys.stderr)
    for line in evidence(execution):
        print(f"    {line}", file=sys.stderr)
    verb = "show" if execution.status is Status.ROLLED_BACK else "resume"
    print(next_line(execution.environment, f"{verb} {execution.execution_id}"), file=sys.stderr)
