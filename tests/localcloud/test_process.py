"""The local cloud as a process of its own: up, down, and its environment."""

import os
import signal
import time
from pathlib import Path
from urllib.request import urlopen

import boto3
import pytest

from cutover.localcloud import process


def gone(pid: int, within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        process._reap(pid)
        if process._start_time(pid) is None:
            return True
        time.sleep(0.05)
    return False


def test_a_second_up_returns_the_running_server(tmp_path: Path) -> None:
    running = process.up(tmp_path, port=0)
    try:
        assert process.up(tmp_path, port=0) == running
        with urlopen(f"{running.endpoint}/_cutover/status") as answer:
            assert answer.status == 200
    finally:
        process.down(tmp_path)


def test_down_leaves_no_process_and_can_be_repeated(tmp_path: Path) -> None:
    running = process.up(tmp_path, port=0)
    assert process.down(tmp_path) is True
    assert gone(running.pid)
    assert process.down(tmp_path) is False


def test_a_killed_server_does_not_count_as_running(tmp_path: Path) -> None:
    running = process.up(tmp_path, port=0)
    os.kill(running.pid, signal.SIGKILL)
    assert gone(running.pid)
    assert process.status(tmp_path) is None


def test_up_reports_a_port_that_is_in_use(tmp_path: Path) -> None:
    running = process.up(tmp_path / "one", port=0)
    try:
        with pytest.raises(process.LocalCloudError, match="did not start"):
            process.up(tmp_path / "two", port=running.port)
    finally:
        process.down(tmp_path / "one")


def test_boto3_finds_the_region_and_the_endpoint_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = process.Status(pid=1, started=1, port=4566, endpoint="http://127.0.0.1:4566", region="eu-west-1")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    variables = process.environment(tmp_path, running, "/usr/bin")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client = boto3.session.Session().client("sts")
    assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:4566")
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"]


def test_the_environment_has_the_provider_in_the_plugin_cache_of_pulumi(tmp_path: Path) -> None:
    running = process.up(tmp_path, port=0)
    try:
        variables = process.environment(tmp_path, running, "/usr/bin")
    finally:
        process.down(tmp_path)
    (plugin,) = (Path(variables["PULUMI_HOME"]) / "plugins").glob("resource-aws-v*/pulumi-resource-aws")
    assert os.access(plugin, os.X_OK)
