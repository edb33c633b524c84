"""The command line as its user calls it, in a copy of the project."""

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.signals import restore_sigint

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> dict[str, Any]:
        """The object in the last line of its JSON output."""
        document: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return document

    @property
    def last_list(self) -> list[dict[str, Any]]:
        """The array in the last line of its JSON output."""
        document: list[dict[str, Any]] = json.loads(self.out.strip().splitlines()[-1])
        return document


@dataclass(frozen=True)
class Shell:
    """A shell in a copy of the project, with the local cloud's exports."""

    project: Path
    variables: dict[str, str]

    def cutover(self, *arguments: str) -> Ended:
        """Run `cutover -e local --json …` and wait for its end."""
        return self.run(sys.executable, "-m", "cutover.cli.main", "-e", "local", "--json", *arguments)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `cutover -e local --json …`."""
        command = [sys.executable, "-m", "cutover.cli.main", "-e", "local", "--json", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=self.variables,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=restore_sigint,
        )

    def run(self, *command: str, timeout: float = 240) -> Ended:
        """Run any command and wait for its end, at most `timeout` seconds."""
        done = subprocess.run(
            command, cwd=self.project, env=self.variables, capture_output=True, text=True, timeout=timeout, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def set_release(self, version: str, behaviour: str = "good") -> None:
        """Build an image of that version, and write the version into the environment's file."""
        arguments = ["--build-arg", f"VERSION={version}", "--build-arg", f"BEHAVIOUR={behaviour}"]
        built = self.cutover(
            "local", "image", "build", str(ROOT / "examples/shop"), "--tag", f"shop:{version}", *arguments
        )
        assert built.code == 0, built.err
        self.edit(r"version: \S+", f"version: {version}")
        self.edit(r"image: shop:\S+", f"image: shop:{version}")

    def edit(self, pattern: str, text: str) -> None:
        """Replace the first match of a pattern in the environment's file."""
        file = self.project / "Pulumi.local.yaml"
        file.write_text(re.sub(pattern, text, file.read_text(encoding="utf-8"), count=1), encoding="utf-8")


def until(driver: "subprocess.Popen[str]", event: str, phase: str) -> None:
    """Read a driver's events up to the first of that kind in that phase."""
    assert driver.stdout is not None
    for line in driver.stdout:
        line_event = json.loads(line)
        if line_event.get("event") == event and line_event.get("phase") == phase:
            return
    raise AssertionError(f"the driver ended without {event} in phase {phase}")


def stop(driver: "subprocess.Popen[str]", number: signal.Signals) -> int:
    """Send a signal, and return the exit code."""
    driver.send_signal(number)
    driver.communicate(timeout=120)
    return driver.returncode


def resume_when_free(shell: Shell) -> Ended:
    """Resume as soon as the lease of the killed driver has expired."""
    deadline = time.monotonic() + 60
    while (ended := shell.cutover("resume")).code == 3 and time.monotonic() < deadline:
        time.sleep(1)
    return ended
