"""Bring the local cloud up and down as a process of its own, and say how it is.  Standard library only: it is quick."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutover.localcloud.provider.install import install

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

DEFAULT_PORT = 4566
_START_WITHIN = 30.0  # seconds
_STOP_WITHIN = 15.0  # seconds
_POLL = 0.05  # seconds


class LocalCloudError(Exception):
    """The local cloud could not be brought up or down; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Status:
    """The server's process, by pid and the kernel's start time of it (so that a reused pid is not mistaken)."""

    pid: int
    started: int
    port: int
    endpoint: str
    region: str


def up(state_dir: Path, port: int = DEFAULT_PORT, region: str = "eu-west-1") -> Status:
    """Start the server unless it runs, and return when it answers.

    Raises:
        LocalCloudError: it ended or did not answer; the message holds the end of its log.
    """
    if (running := status(state_dir)) is not None:
        return running
    state_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cutover.localcloud.server", "--port", str(port), "--state", str(state_dir)]
    log = state_dir / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--region", region],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=Path(__file__).resolve().parents[2],
        )
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline:
        if (running := status(state_dir)) is not None and running.pid == server.pid:
            return running
        if server.poll() is not None:
            break
        time.sleep(_POLL)
    tail = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
    if server.poll() is None:
        server.kill()
        server.wait()
    raise LocalCloudError(f"the local cloud did not start: {tail[0]}; the whole log: {log}")


def down(state_dir: Path) -> bool:
    """Stop the server and everything that it started; False when it did not run."""
    running = status(state_dir)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_WITHIN
    while _start_time(running.pid) == running.started:
        if time.monotonic() > deadline:
            # Its tasks carry a parent-death signal, so they go with it.
            os.kill(running.pid, signal.SIGKILL)
            deadline = float("inf")
        _reap(running.pid)
        time.sleep(_POLL)
    _state_file(state_dir).unlink(missing_ok=True)
    return True


def status(state_dir: Path) -> Status | None:
    """The running server, or None; a state file that a dead process left behind counts as none."""
    try:
        found = Status(**json.loads(_state_file(state_dir).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # No server was ever started here, or the file is of no version that we know.
        return None
    return found if _start_time(found.pid) == found.started else None


def publish(state_dir: Path, port: int, region: str) -> Status:
    """Write the state of this very process, whole or not at all; called by the server once it answers."""
    pid = os.getpid()
    mine = Status(pid, _start_time(pid) or 0, port, f"http://127.0.0.1:{port}", region)
    temporary = _state_file(state_dir).with_suffix(f".{pid}")
    temporary.write_text(json.dumps(asdict(mine)))
    temporary.replace(_state_file(state_dir))
    return mine


def environment(state_dir: Path, running: Status, path: str) -> dict[str, str]:
    """The variables with which the AWS tools, Pulumi and cutover use the local cloud; `path` is today's PATH."""
    pulumi = state_dir / "pulumi"
    backend, home = pulumi / "backend", pulumi / "home"
    for folder in (backend, home):
        folder.mkdir(parents=True, exist_ok=True)
    install(home)
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": running.region,
        # boto3 and the AWS CLI version 1 read this name alone.
        "AWS_DEFAULT_REGION": running.region,
        "AWS_ENDPOINT_URL": running.endpoint,
        "PULUMI_BACKEND_URL": f"file://{backend.resolve()}",
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_HOME": str(home.resolve()),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_PYTHON_CMD": sys.executable,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), path]),
    }


def forget_stacks(state_dir: Path) -> None:
    """Remove Pulumi's state of what stood in a local cloud that is gone; a new one starts empty."""
    shutil.rmtree(state_dir / "pulumi" / "backend", ignore_errors=True)


def ask_for_fault(running: Status, wish: dict[str, object]) -> None:
    """Ask the server for a fault; raises `LocalCloudError` with its sentence where it refuses."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=_START_WITHIN)
    try:
        connection.request("POST", "/_cutover/faults", json.dumps(wish), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 200:
        raise LocalCloudError(str(told.get("message")))


def registry(running: Status) -> "ECRClient":
    """A client of the local container registry."""
    import boto3

    return boto3.client(
        "ecr",
        endpoint_url=running.endpoint,
        region_name=running.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  moto takes anything
    )


def _state_file(state_dir: Path) -> Path:
    return state_dir / "state.json"


def _start_time(pid: int) -> int | None:
    """Clock ticks from boot to the start of a live process (proc(5), stat, field 22); None when it is dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        # Another process started it, or has reaped it already.
        return
