"""A local cloud of its own for each file of tests, and the command line as its user calls it.

The tests of a file build on each other, in their order: `make test` gives a file to one worker as a whole.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud import process

ROOT = Path(__file__).resolve().parents[2]
_SHORT = {"bake: 5s": "bake: 1s", "propagation_margin: 1s": "propagation_margin: 100ms", "drain: 2s": "drain: 1s"}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> dict[str, Any]:
        """The last line of its JSON output."""
        found: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return found

    @property
    def last_list(self) -> list[dict[str, Any]]:
        """The same where it is an array."""
        found: list[dict[str, Any]] = json.loads(self.out.strip().splitlines()[-1])
        return found


@dataclass(frozen=True)
class Shell:
    """A shell in a copy of the project, with the local cloud's exports."""

    project: Path
    variables: dict[str, str]

    def cutover(self, *arguments: str) -> Ended:
        """`cutover -e local --json …`, to its end."""
        return self.run(sys.executable, "-m", "driver.cli.main", "-e", "local", "--json", *arguments)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """`cutover -e local --json …`, while it runs."""
        command = [sys.executable, "-m", "driver.cli.main", "-e", "local", "--json", *arguments]
        return subprocess.Popen(command, cwd=self.project, env=self.variables, stdout=subprocess.PIPE, text=True)

    def run(self, *command: str) -> Ended:
        """Any command, to its end."""
        done = subprocess.run(
            command, cwd=self.project, env=self.variables, capture_output=True, text=True, timeout=240, check=False
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
        """Change the environment's file."""
        file = self.project / "Pulumi.local.yaml"
        file.write_text(re.sub(pattern, text, file.read_text(encoding="utf-8"), count=1), encoding="utf-8")


@pytest.fixture(scope="module")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, process.Status]]:
    """A server process on a free port; taken down with everything at the end."""
    folder = tmp_path_factory.mktemp("local")
    running = process.up(folder, port=0)
    yield folder, running
    process.down(folder)


@pytest.fixture(scope="module")
def shell(local_cloud: tuple[Path, process.Status], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An environment with nothing deployed, of an application of its own."""
    folder, running = local_cloud
    project = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    variables = {**os.environ, **process.environment(folder, running, os.environ["PATH"])}
    variables |= {"CUTOVER_LOCAL": str(folder), "PYTHONPATH": str(ROOT)}
    made = Shell(project, variables)
    made.edit(r"endpoint: \S+", f"endpoint: {running.endpoint}")
    made.edit(r"http_proxy: \S+", f"http_proxy: {running.endpoint}")
    for long, short in _SHORT.items():
        made.edit(long, short)
    made.edit(r"interval: 500ms", "interval: 200ms")
    bootstrapped = made.cutover("bootstrap")
    assert bootstrapped.code == 0, bootstrapped.err
    return made


def until(driver: "subprocess.Popen[str]", event: str, phase: str) -> None:
    """Read a driver's events up to the first of that kind in that phase."""
    assert driver.stdout is not None
    for line in driver.stdout:
        told = json.loads(line)
        if told.get("event") == event and told.get("phase") == phase:
            return
    raise AssertionError(f"the driver ended without {event} in phase {phase}")


def stop(driver: "subprocess.Popen[str]", number: signal.Signals) -> int:
    """Send a signal and wait; the exit code."""
    driver.send_signal(number)
    driver.communicate(timeout=120)
    return driver.returncode


def resume_when_free(shell: Shell) -> Ended:
    """Resume as soon as the dead driver's lease has run out."""
    deadline = time.monotonic() + 60
    while (ended := shell.cutover("resume")).code == 3 and time.monotonic() < deadline:
        time.sleep(1)
    return ended
