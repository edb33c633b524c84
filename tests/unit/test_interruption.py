"""The engine of a driver that a signal stops, that loses its lease or that dies always ends, and so does the driver."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from cutover.adapters.stacks.command import EngineCommand
from cutover.adapters.stacks.supervisor import session_members
from cutover.domain.errors import LeaseLost, TransientFailure
from support.signals import ignore_sigint, restore_sigint

SECONDS = 20.0
# The engine starts a plugin in a process group of its own, as Pulumi does.
ENGINE = f"""#!{sys.executable} -IS
import os, signal, subprocess, sys, time
if sys.argv[1:] == ["version"]:
    print("v{version("pulumi")}")
    raise SystemExit
open("session", "w").write(str(os.getsid(0)))
plugin = subprocess.Popen(["/bin/sleep", "600"], process_group=0)
def stop(*_):
    open("stopped", "a").write("once ")
    if BEHAVIOUR != "ignores":
        time.sleep(0.2)
        print("the end of the engine " + "x" * 200_000, flush=True)
        plugin.kill()
        open("finished", "w").close()
        os._exit(0)
signal.signal(signal.SIGINT, stop)
print("started", flush=True)
if BEHAVIOUR == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
while True:
    time.sleep(0.05)
"""
DRIVER = """
import threading
from cutover.adapters.interruption import interruption_by_signals
from cutover.adapters.stacks.command import EngineCommand
from cutover.domain.errors import Interrupted

def show(line):
    if line == "started":
        print(line)

command = EngineCommand(interruption_by_signals(threading.Event()), threading.Event(), GRACE)
try:
    command.run(["up", "-s", "prod"], ".", {}, on_output=show)
except Interrupted:
    raise SystemExit(130)
"""
READER = """
import threading
from cutover.adapters.stacks.command import EngineCommand

EngineCommand(threading.Event(), threading.Event(), GRACE).run(
    ["preview"], ".", {}, on_output=lambda line: print(line[:7])
)
"""
SPINNING = """
import threading
import cutover.adapters.interruption
cutover.adapters.interruption.END_SECONDS = 0.5

def spin():
    while True:
        pass

threading.Thread(target=spin).start()
"""


class Scene:
    """A folder with an engine that behaves as it is told, and the drivers that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drivers: list[subprocess.Popen[str]] = []

    def engine(self, behaviour: str) -> None:
        """Write the engine: `finishes` at SIGINT, `ignores` it, or `dies` by itself."""
        program = self.folder / "bin" / "pulumi"
        program.parent.mkdir(exist_ok=True)
        program.write_text(ENGINE.replace("BEHAVIOUR", repr(behaviour)))
        program.chmod(0o755)

    def start(
        self, program: str = DRIVER, grace: float = 60.0, at_start: Callable[[], None] = restore_sigint
    ) -> "subprocess.Popen[str]":
        """Start a driver, and wait until its engine runs."""
        with (self.folder / "stderr").open("w") as stderr:
            driver = subprocess.Popen(
                [sys.executable, "-u", "-c", program.replace("GRACE", str(grace))],
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                preexec_fn=at_start,
            )
        self._drivers.append(driver)
        assert driver.stdout is not None
        assert driver.stdout.readline() == "started\n"
        return driver

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()

    def has(self, file: str) -> bool:
        """Whether the engine has written this file."""
        return (self.folder / file).exists()

    def interrupts(self) -> int:
        """How many SIGINTs the engine got."""
        return len((self.folder / "stopped").read_text().split())

    def running(self) -> list[int]:
        """The processes of the engine's session: its supervisor, the engine and its plugin."""
        return session_members(int((self.folder / "session").read_text()))

    def wait_until_nothing_runs(self) -> None:
        """Wait until the engine's session is empty; fail if it never is."""
        deadline = time.monotonic() + SECONDS
        while self.running():
            assert time.monotonic() < deadline, "the engine or its plugin still runs"
            time.sleep(0.05)

    def close(self) -> None:
        """End what a failed test left."""
        for driver in self._drivers:
            driver.kill()
            driver.wait()
            assert driver.stdout is not None
            driver.stdout.close()
        if self.has("session"):
            self.kill_what_runs()

    def kill_what_runs(self) -> None:
        """End the engine's session."""
        for pid in self.running():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    scene.engine("finishes")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    yield scene
    scene.close()


@pytest.mark.parametrize("at_start", [restore_sigint, ignore_sigint])
def test_sigint_reaches_the_engine_once_and_ends_the_driver_as_interrupted(
    scene: Scene, at_start: Callable[[], None]
) -> None:
    driver = scene.start(at_start=at_start)
    driver.send_signal(signal.SIGINT)
    assert driver.wait(SECONDS) == 130
    assert scene.interrupts() == 1
    assert scene.has("finished")


def test_an_interrupted_driver_says_what_it_waits_for(scene: Scene) -> None:
    driver = scene.start(grace=300.0)
    driver.send_signal(signal.SIGTERM)
    driver.wait(SECONDS)
    assert "interrupted: waiting at most 5 min until `pulumi up -s` has finished" in scene.stderr


def test_sigint_stops_the_engine_of_a_verb_without_handlers_too(scene: Scene) -> None:
    driver = scene.start(READER)
    driver.send_signal(signal.SIGINT)
    assert driver.wait(SECONDS) != 0
    assert scene.has("finished")


def test_an_engine_that_does_not_end_is_killed_with_its_plugin_after_the_grace(scene: Scene) -> None:
    scene.engine("ignores")
    driver = scene.start(grace=0.5)
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(SECONDS) == 130
    assert scene.running() == []


def test_a_second_signal_kills_the_engine_and_its_plugin_at_once(scene: Scene) -> None:
    scene.engine("ignores")
    driver = scene.start(grace=3600.0)
    driver.send_signal(signal.SIGTERM)
    while not scene.has("stopped"):
        time.sleep(0.05)
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(SECONDS) == 130
    assert scene.running() == []


def test_the_engine_of_a_killed_driver_is_interrupted_and_finishes_whatever_it_writes(scene: Scene) -> None:
    driver = scene.start()
    driver.kill()
    scene.wait_until_nothing_runs()
    assert scene.has("finished"), "the engine died in the middle of an operation"
    assert scene.interrupts() == 1


def test_the_engine_of_a_killed_driver_is_killed_after_the_grace(scene: Scene) -> None:
    scene.engine("ignores")
    scene.start(grace=0.5).kill()
    scene.wait_until_nothing_runs()


def test_the_plugin_of_an_engine_that_dies_after_its_driver_is_killed(scene: Scene) -> None:
    scene.engine("ignores")
    driver = scene.start(grace=600.0)
    driver.kill()
    driver.wait()
    supervisor = (scene.folder / "session").read_text()
    (engine,) = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    os.kill(int(engine), signal.SIGKILL)
    scene.wait_until_nothing_runs()


def test_an_engine_without_its_supervisor_is_killed_by_the_driver(scene: Scene) -> None:
    driver = scene.start()
    os.kill(int((scene.folder / "session").read_text()), signal.SIGKILL)
    assert driver.wait(SECONDS) != 0
    assert scene.running() == []


def test_the_plugin_of_a_dead_engine_is_killed_and_the_command_can_be_tried_again(scene: Scene) -> None:
    scene.engine("dies")
    with pytest.raises(TransientFailure, match="was killed"):
        EngineCommand(threading.Event(), threading.Event(), 60.0).run(["up"], ".", {})
    assert scene.running() == []


def test_the_engine_is_interrupted_when_the_lease_is_lost(scene: Scene) -> None:
    lost = threading.Event()
    command = EngineCommand(threading.Event(), lost, 60.0)
    too_late = threading.Timer(SECONDS, scene.kill_what_runs)
    too_late.start()
    with pytest.raises(LeaseLost):
        command.run(["up"], ".", {}, on_output=lambda _: lost.set())
    too_late.cancel()
    assert scene.has("finished")


def test_no_command_starts_without_the_lease(scene: Scene) -> None:
    lost = threading.Event()
    lost.set()
    with pytest.raises(LeaseLost):
        EngineCommand(threading.Event(), lost, 60.0).run(["up"], ".", {})
    assert not scene.has("session")


def test_an_interrupted_driver_ends_although_a_thread_waits_for_its_dead_engine(scene: Scene) -> None:
    driver = scene.start(SPINNING + DRIVER)
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(SECONDS) == 130
