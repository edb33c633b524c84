"""The steps of an acceptance run, as their user types them, with the facts that are checked after each."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.acceptance import facts
from tools.acceptance.project import Project
from tools.acceptance.report import Report

_ABORTS, _ABORT_SECONDS = 40, 5.0


@dataclass(frozen=True, slots=True)
class Unexpected(Exception):
    """A command ended with another exit code than this journey needs."""

    command: str
    code: int
    message: str

    def __str__(self) -> str:
        return f"`{self.command}` ended with {self.code}: {self.message}"


def journey(project: Project, report: Report) -> None:
    """First release, a canary that is promoted, one that is aborted, one that never gets healthy, a cold rollback.

    Raises:
        Unexpected: a command ended with an exit code that this journey cannot go on from.
    """
    run(project, report, 0, "bootstrap")
    facts.check(project, report, "bootstrap", facts.AFTER_BOOTSTRAP)
    _deploy(project, report, 0, _Release("1.0.0", "blue-green"))
    facts.check(project, report, "the first release", facts.AFTER_FIRST_RELEASE)
    _deploy(project, report, 7, _Release("2.0.0"))
    facts.check(project, report, "a canary with 20 %", facts.DURING_CANARY)
    run(project, report, 0, "promote")
    run(project, report, 0, "resume")
    facts.check(project, report, "the promoted canary", facts.AFTER_PROMOTION)
    _deploy(project, report, 7, _Release("3.0.0"))
    run(project, report, 5, "abort", "--reason", "the acceptance run stops this canary")
    facts.check(project, report, "the aborted canary", facts.AFTER_ABORT)
    _deploy(project, report, 5, _Release("4.0.0", variables={"BEHAVIOUR": "unhealthy"}))
    facts.check(project, report, "the release that never became healthy", facts.AFTER_FAILURE)
    run(project, report, 0, "rollback")
    facts.check(project, report, "the cold rollback", facts.AFTER_ROLLBACK)
    run(project, report, 0, "gc")


def take_away(project: Project, report: Report) -> None:
    """Destroy everything of this run; the tables, the bucket and the repositories stay. Never raises."""
    try:
        _end_execution(project, report)
        run(project, report, 0, "destroy", "--confirm", f"{project.config.application}-{project.environment}")
        facts.check(project, report, "destroy", facts.AFTER_DESTROY)
    except Exception as error:  # noqa: BLE001  the report must be written, and say what is left
        report.note(f"not everything was taken away, with the project in {project.folder}: {error}")
    else:
        project.remove()


def _end_execution(project: Project, report: Report) -> None:
    """Abort what is in progress; the lease of a driver that was killed must expire first."""
    for _ in range(_ABORTS):
        if run(project, report, None, "status").get("status") != "IN_PROGRESS":
            return
        run(project, report, None, "abort", "--reason", "the acceptance run ends")
        time.sleep(_ABORT_SECONDS)


def run(project: Project, report: Report, code: int | None, *arguments: str) -> dict[str, Any]:
    """Run `cutover -e ENV --json …` in the copy, and return the object of its last line.

    Raises:
        Unexpected: the exit code is not `code`; None accepts any.
    """
    command = f"cutover {' '.join(arguments)}"
    started = time.monotonic()
    code_of, out, err = _call(
        [sys.executable, "-m", "cutover.cli.main", "-e", project.environment, "--json", *arguments], project.folder
    )
    seconds = time.monotonic() - started
    last = _last(out)
    result = str(last.get("status") or (last.get("error") or {}).get("code") or "done")
    report.step(command, f"exit code {code_of}, {result}", seconds)
    if code is not None and code_of != code:
        message = (last.get("error") or {}).get("message") or err.strip() or out.strip()
        raise Unexpected(command, code_of, str(message)[-500:])
    return last


def _call(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """Exit code, output and errors of a command.

    It has a session of its own, so that an interruption of the terminal reaches it once: from here. It then ends in an
    orderly way, and gives its lease back; only afterwards is everything taken away.
    """
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.communicate()
            raise
    return process.returncode, out, err


def _deploy(project: Project, report: Report, code: int, release: "_Release") -> None:
    project.set_release(release.version, release.variables, release.strategy)
    run(project, report, code, "deploy", "--exit-on-pause")


@dataclass(frozen=True, slots=True)
class _Release:
    version: str
    strategy: str = "canary"
    variables: Mapping[str, str] = field(default_factory=lambda: {"BEHAVIOUR": "good"})


def _last(output: str) -> dict[str, Any]:
    lines = output.strip().splitlines()
    try:
        last = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return last if isinstance(last, dict) else {}
