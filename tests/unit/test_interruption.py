"""SIGINT stops a driver gracefully, also if its parent ignores SIGINT."""

import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from support.signals import ignore_sigint, restore_sigint

# A shell cannot trap a signal that was ignored when it started.
ENGINE = f"""#!/bin/sh
if [ "$1" = version ]; then echo v{version("pulumi")}; exit 0; fi
trap 'touch stopped; exit 0' INT
echo started
for _ in $(seq 400); do sleep 0.05; done
"""
DRIVER = """
import threading
from cutover.adapters.interruption import interruption_by_signals
from cutover.adapters.stacks.command import EngineCommand
from cutover.domain.errors import Interrupted

command = EngineCommand(interruption_by_signals(threading.Event()))
try:
    command.run(["up"], ".", {}, on_output=print)
except Interrupted:
    raise SystemExit(130)
"""
READER = """
import threading
from cutover.adapters.stacks.command import EngineCommand

EngineCommand(threading.Event()).run(["preview"], ".", {}, on_output=print)
"""


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(ENGINE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


@pytest.mark.parametrize("at_start", [restore_sigint, ignore_sigint])
def test_sigint_reaches_the_engine_once_and_ends_the_driver_as_interrupted(
    at_start: Callable[[], None], tmp_path: Path
) -> None:
    assert _exit_code_after_sigint(DRIVER, at_start, tmp_path) == 130
    assert (tmp_path / "stopped").exists()


def test_sigint_stops_the_engine_of_a_verb_without_handlers_too(tmp_path: Path) -> None:
    assert _exit_code_after_sigint(READER, restore_sigint, tmp_path) != 0
    assert (tmp_path / "stopped").exists()


def _exit_code_after_sigint(program: str, at_start: Callable[[], None], folder: Path) -> int:
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=at_start,
    ) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "started\n"
        driver.send_signal(signal.SIGINT)
        try:
            return driver.wait(timeout=15)
        finally:
            driver.kill()
