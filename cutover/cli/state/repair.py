"""`cutover state repair [NUMBER ...] [--yes]`: run the commands that `cutover state check` names."""

import os
import shlex
import subprocess
import sys

import typer

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.cli.formatting import with_environment
from cutover.cli.state import check
from cutover.composition import engine_environment
from cutover.domain.errors import Exit, InvalidInput
from cutover.operations.state_check import Finding, check_state


def run(context: Context, numbers: tuple[int, ...], *, yes: bool) -> int:
    """Run the command of each finding that a person agrees to, and check again; exit code 4 if anything is left.

    A finding that another command has repaired meanwhile is passed over.

    Raises:
        InvalidInput: there is no such number, or nobody can be asked and `--yes` is missing.
    """
    if not yes and not (sys.stdin.isatty() and context.live):
        message = "`state repair` asks before each command, and there is no terminal to ask at"
        raise InvalidInput("NOT_CONFIRMED", message, "cutover state repair --yes")
    findings = check_state(ports_to_read(context))
    chosen = _chosen(findings, numbers)
    for number, finding in chosen:
        if finding not in check_state(ports_to_read(context)):
            continue
        command = with_environment(finding.repair, context.environment)
        print(f"{number}. {finding.what}\n   {command}", file=sys.stderr)
        if yes or typer.confirm("   Run it?", err=True):
            _run(context, command, yes=yes)
    return check.run(context) if chosen else Exit.OK


def _chosen(findings: tuple[Finding, ...], numbers: tuple[int, ...]) -> list[tuple[int, Finding]]:
    numbered = dict(enumerate(findings, 1))
    if unknown := [number for number in numbers if number not in numbered]:
        message = f"`cutover state check` has no finding {', '.join(map(str, unknown))}; it has {len(findings)}"
        raise InvalidInput("NO_SUCH_FINDING", message, "cutover state check")
    return [(number, finding) for number, finding in numbered.items() if not numbers or number in numbers]


def _run(context: Context, command: str, *, yes: bool) -> None:
    """Run a `cutover` or `pulumi` command in the project's folder; its own output says how it ended."""
    words = shlex.split(command)
    if words[0] == "cutover":
        words = [sys.executable, "-m", "cutover.cli.main", *words[1:]]
    elif yes:
        words.append("--yes")
    variables = os.environ | engine_environment(context.config(), os.environ)
    ended = subprocess.run(words, cwd=context.project, env=variables, stdout=sys.stderr, check=False)
    if ended.returncode:
        print(f"   it ended with exit code {ended.returncode}", file=sys.stderr)
