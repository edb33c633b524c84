"""Starts and stops the local cloud as a process of its own. Imports only the standard library, so it loads fast."""

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
from typing import TYPE_CHECKING, Any

from cutover.localcloud.provider.install import install

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

DEFAULT_PORT = 4566
_START_WITHIN = 30.0  # seconds
_STOP_WITHIN = 15.0  # seconds
_POLL = 0.05  # seconds


class LocalCloudError(Exception):
    """The local cloud did not start, or refused a request; the message says why."""


@dataclass(frozen=True, slots=True)
class Status:
    """A running server; `started` is the start time of its process, because the kernel reuses ids."""

    pid: int
    started: int
    port: int
    endpoint: str
    region: str


def up(
    state_dir: Path, port: int = DEFAULT_PORT, region: str = "eu-west-1", *, weather: str = "aws", seed: int = 0
) -> Status:
    """Start the server unless it runs, and return when it is ready. A server that runs keeps its weather.

    Raises:
        LocalCloudError: the server ended or is not ready after 30 seconds; the message has the end of its log.
    """
    if (running := status(state_dir)) is not None:
        return running
    state_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cutover.localcloud.server", "--port", str(port), "--state", str(state_dir)]
    log = state_dir / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--region", region, "--weather", weather, "--seed", str(seed)],
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
    tail = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it wrote no log"]
    if server.poll() is None:
        server.kill()
        server.wait()
    raise LocalCloudError(f"the local cloud did not start: {tail[0]} (the whole log is in {log})")


def down(state_dir: Path) -> bool:
    """Stop the server and every process that it started; return False if it did not run."""
    running = status(state_dir)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_WITHIN
    while _start_time(running.pid) == running.started:
        if time.monotonic() > deadline:
            # The kernel kills the tasks with the server, because they have a parent-death signal.
            os.kill(running.pid, signal.SIGKILL)
            deadline = float("inf")
        _reap(running.pid)
        time.sleep(_POLL)
    _state_file(state_dir).unlink(missing_ok=True)
    return True


def status(state_dir: Path) -> Status | None:
    """Return the running server, or None. The state file of a dead process counts as none."""
    try:
        server = Status(**json.loads(_state_file(state_dir).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # No server was ever started here, or another version of this module wrote the file.
        return None
    return server if _start_time(server.pid) == server.started else None


def publish(state_dir: Path, port: int, region: str) -> Status:
    """Write the state of this process to its file in one step; the server calls this when it is ready."""
    pid = os.getpid()
    mine = Status(pid, _start_time(pid) or 0, port, f"http://127.0.0.1:{port}", region)
    temporary = _state_file(state_dir).with_suffix(f".{pid}")
    temporary.write_text(json.dumps(asdict(mine)))
    temporary.replace(_state_file(state_dir))
    return mine


def environment(state_dir: Path, running: Status, path: str) -> dict[str, str]:
    """Return the variables that point the AWS tools, Pulumi and cutover at the local cloud.

    `path` is the current value of PATH. Installs the provider into the PULUMI_HOME of the local cloud.
    """
    pulumi = state_dir / "pulumi"
    backend, home = pulumi / "backend", pulumi / "home"
    for folder in (backend, home):
        folder.mkdir(parents=True, exist_ok=True)
    install(home)
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": running.region,
        # boto3 and version 1 of the AWS CLI read this name only.
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
    """Remove Pulumi's state: the stacks existed in a local cloud that has stopped, and the next one starts empty."""
    shutil.rmtree(state_dir / "pulumi" / "backend", ignore_errors=True)


def request_fault(running: Status, fault: dict[str, object]) -> None:
    """Send the fields of a `FaultRequest` to the server. Raises `LocalCloudError` if it refuses them."""
    _call_admin(running, "POST", "/_cutover/faults", fault)


def request_weather(running: Status, name: str, seed: int) -> None:
    """Change the weather of the server. Raises `LocalCloudError` if there is no such weather."""
    _call_admin(running, "POST", "/_cutover/weather", {"name": name, "seed": seed})


def details(running: Status) -> dict[str, Any]:
    """Return what the server says of itself, with its weather. Raises `LocalCloudError` if it refuses the call."""
    return _call_admin(running, "GET", "/_cutover/status", {})


def _call_admin(running: Status, method: str, path: str, fields: dict[str, object]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=_START_WITHIN)
    try:
        connection.request(method, path, json.dumps(fields), {"Content-Type": "application/json"})
        response = connection.getresponse()
        body: dict[str, Any] = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 200:
        raise LocalCloudError(str(body.get("message")))
    return body


def registry(running: Status) -> "ECRClient":
    """Return a client of the local container registry."""
    import boto3

    return boto3.client(
        "ecr",
        endpoint_url=running.endpoint,
        region_name=running.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  moto accepts any key
    )


def _state_file(state_dir: Path) -> Path:
    return state_dir / "state.json"


def _start_time(pid: int) -> int | None:
    """Return the clock ticks from boot to the start of a process (proc(5), stat, field 22); None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        # Another process started it, or it is reaped already.
        return
