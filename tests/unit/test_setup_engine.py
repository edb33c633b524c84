"""The set-up of the Pulumi engine, with a `go` on PATH that records its calls and writes programs that print a version.

Every process is real, since the tests check what a killed process leaves behind and which process waits for which.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.signals import restore_sigint

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "setup" / "engine.py"
VERSION = re.findall(r"(?m)^pulumi==(\S+)", (ROOT / "requirements-dev.lock").read_text())[0]

FAKE_GO = """#!/bin/sh
echo "$@" >> "$GO_CALLS"
if [ "$1" = list ]; then echo "$GO_SDK"; exit 0; fi
if [ -n "$GO_FAILS" ]; then echo "$GO_FAILS"; exit 1; fi
if [ -p "$GO_STARTED" ]; then
    echo $$ > "$GO_STARTED"
    /bin/rm -f "$GO_STARTED"
    read -r line < "$GO_GATE"
fi
while [ "$1" != -o ]; do shift; done
echo '#!/bin/sh' > "$2"
echo "echo v$GO_MAKES" >> "$2"
/bin/chmod +x "$2"
"""


@dataclass
class Machine:
    """A PATH with only the programs that a test adds, an empty cache, and no network."""

    root: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    builds: list[int] = field(default_factory=list)

    @property
    def programs(self) -> Path:
        return self.root / "programs"

    @property
    def cached(self) -> Path:
        return self.root / "cache" / "pulumi" / f"v{VERSION}"

    @property
    def go_builds(self) -> list[str]:
        calls = self.root / "calls"
        return [c for c in calls.read_text().splitlines() if c.startswith("build")] if calls.exists() else []

    def add_program(self, name: str, text: str) -> None:
        program = self.programs / name
        program.write_text(text)
        program.chmod(0o755)

    def add_engine(self, version: str) -> None:
        for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
            self.add_program(name, f"#!/bin/sh\necho v{version}\n")

    def hold_builds(self) -> None:
        """Make the next build write its process id and wait until `release_build`."""
        os.mkfifo(self.root / "started")
        os.mkfifo(self.root / "gate")

    def held_build(self) -> int:
        self.builds.append(int((self.root / "started").read_text()))
        # A build that is killed at once has no time to remove it, and the next one would wait for a reader.
        (self.root / "started").unlink(missing_ok=True)
        return self.builds[-1]

    def release_build(self) -> None:
        (self.root / "gate").write_text("\n")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": str(self.programs),
                "HOME": str(self.root),
                "CUTOVER_CACHE": str(self.root / "cache"),
                "https_proxy": "http://127.0.0.1:9",  # the discard port: refused at once
                "GO_CALLS": str(self.root / "calls"),
                "GO_MAKES": VERSION,
                "GO_SDK": str(self.root / "sdk"),
                "GO_STARTED": str(self.root / "started"),
                "GO_GATE": str(self.root / "gate"),
                **environment,
            },
            preexec_fn=restore_sigint,
        )
        self.running.append(process)
        return process

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    machine.programs.mkdir()
    for script in ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"):
        path = tmp_path / "sdk" / script
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
    yield machine
    for process in machine.running:
        if process.poll() is None:
            process.kill()
        process.communicate()
    for build in machine.builds:
        with contextlib.suppress(ProcessLookupError):
            os.kill(build, signal.SIGKILL)


@pytest.fixture
def with_go(machine: Machine) -> Machine:
    machine.add_program("go", FAKE_GO)
    return machine


def test_a_compatible_engine_on_path_is_used_as_it_is(with_go: Machine) -> None:
    with_go.add_engine(VERSION)
    code, out, _ = with_go.run("--where")
    assert (code, out.strip()) == (0, str(with_go.programs))
    assert with_go.run()[0] == 0
    assert with_go.go_builds == []


@pytest.mark.parametrize("version", ["3.258.9", "4.0.0", "2.99.0"])
def test_an_incompatible_engine_on_path_is_not_used(with_go: Machine, version: str) -> None:
    with_go.add_engine(version)
    assert with_go.run()[0] == 0
    assert with_go.run("--where")[1].strip() == str(with_go.cached / "bin")


def test_an_engine_without_its_language_host_is_not_used(with_go: Machine) -> None:
    with_go.add_program("pulumi", f"#!/bin/sh\necho v{VERSION}\n")
    assert with_go.run("--where")[0] == 1


def test_the_build_puts_every_program_into_the_cache(with_go: Machine) -> None:
    assert with_go.run()[0] == 0
    programs = {path.name for path in (with_go.cached / "bin").iterdir() if os.access(path, os.X_OK)}
    assert programs == {
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    }


def test_a_second_run_builds_nothing(with_go: Machine) -> None:
    with_go.run()
    before = with_go.go_builds
    code, _, err = with_go.run()
    assert (code, err, with_go.go_builds) == (0, "", before)


def test_the_build_prints_how_long_it_takes(with_go: Machine) -> None:
    assert "about 5 minutes" in with_go.run()[2]


def test_a_failed_build_leaves_no_cache_and_shows_why(with_go: Machine) -> None:
    code, _, err = with_go.run(GO_FAILS="go: module lookup disabled")
    assert code == 1
    assert "module lookup disabled" in err
    assert _left_in_cache(with_go) == []


def test_a_go_that_is_too_old_is_reported(with_go: Machine) -> None:
    _, _, err = with_go.run(GO_FAILS="go: go.mod requires go >= 1.25.11 (running go 1.19; GOTOOLCHAIN=local)")
    assert "this Go is too old" in err


def test_an_engine_that_prints_another_version_never_enters_the_cache(with_go: Machine) -> None:
    code, _, err = with_go.run(GO_MAKES="3.1.0")
    assert code == 1
    assert "3.1.0" in err
    assert _left_in_cache(with_go) == []


def test_without_go_the_set_up_prints_what_to_install(machine: Machine) -> None:
    code, _, err = machine.run()
    assert code == 1
    assert "install Go" in err


def test_a_killed_build_leaves_nothing_that_looks_complete(with_go: Machine) -> None:
    _kill_during_build(with_go)
    assert not with_go.cached.exists()
    assert with_go.run("--where")[0] == 1


def test_the_run_after_a_killed_build_completes_it_and_removes_what_it_left(with_go: Machine) -> None:
    _kill_during_build(with_go)
    assert [name for name in _left_in_cache(with_go) if "building" in name]
    assert with_go.run()[0] == 0
    assert _left_in_cache(with_go) == [f"v{VERSION}"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals to a child that its parent died")
def test_killing_a_run_ends_its_build(with_go: Machine) -> None:
    build = _kill_during_build(with_go)
    # The test process is not the parent: the id vanishes or turns to a zombie that init collects.
    _wait_until(lambda: _state_of(build) in ("", "Z"))


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_leaves_nothing_behind(with_go: Machine, stop: signal.Signals) -> None:
    with_go.hold_builds()
    run = with_go.start()
    with_go.held_build()
    run.send_signal(stop)
    run.communicate(timeout=60)
    assert run.returncode == 130
    assert _left_in_cache(with_go) == []


def test_two_runs_at_the_same_time_build_once(with_go: Machine) -> None:
    with_go.hold_builds()
    first = with_go.start()
    with_go.held_build()
    second = with_go.start()
    assert second.stderr is not None
    assert "another run" in second.stderr.readline()
    with_go.release_build()
    for run in (first, second):
        run.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(with_go.go_builds) == len(("pulumi", "pulumi-language-python"))


def _kill_during_build(machine: Machine) -> int:
    """SIGKILL a run in the middle of its first build; the process id of that build."""
    machine.hold_builds()
    run = machine.start()
    build = machine.held_build()
    run.kill()
    run.communicate(timeout=60)
    (machine.root / "gate").unlink()
    return build


def _left_in_cache(machine: Machine) -> list[str]:
    return sorted(p.name for p in machine.cached.parent.iterdir() if p.suffix != ".lock")


def _state_of(pid: int) -> str:
    """The one-letter state of a process as Linux shows it; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _wait_until(condition: Callable[[], bool], attempts: int = 100_000) -> None:
    for _ in range(attempts):
        if condition():
            return
        os.sched_yield()
    pytest.fail("the condition was not met")
