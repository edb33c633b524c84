"""The acceptance run against the local cloud: every step ends as it must, no fact differs, and nothing is left."""

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from cutover.localcloud import process
from support.local_aws import clients
from support.shell import ROOT, Ended, Shell
from support.signals import restore_sigint

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def acceptance(shell: Shell, *options: str) -> Ended:
    return shell.run(sys.executable, "-m", "tools.acceptance", "--env", "local", *options, timeout=600)


def test_without_yes_only_the_cost_is_printed(shell: Shell) -> None:
    before = shell.cutover("status").out
    ended = acceptance(shell)
    assert ended.code == 2
    assert re.search(r"Estimate: \d+\.\d\d USD for Fargate and \d+\.\d\d USD for the load balancer", ended.out)
    assert shell.cutover("status").out == before


def test_every_step_and_every_fact_is_as_expected_and_nothing_is_left(shell: Shell) -> None:
    shell.set_release("1.0.0")
    ended = acceptance(shell, "--yes")
    report = (shell.project / "acceptance-report.md").read_text(encoding="utf-8")
    assert ended.code == 0, report + ended.err
    assert "| different |" not in report
    assert report.count("| as expected |") >= 30
    assert "123456789012" not in report
    assert ROOT.name not in report


def test_an_interruption_takes_everything_away_too(
    shell: Shell, local_cloud: tuple[Path, process.Status], tmp_path: Path
) -> None:
    shell.set_release("1.0.0")
    aws, report = clients(local_cloud[1].endpoint), tmp_path / "report.md"
    # ECS lists the INACTIVE clusters of the run before for a while.
    known = set(clusters_of(aws))
    balancers, folders = aws("elbv2").describe_load_balancers()["LoadBalancers"], acceptance_folders()
    options = ["--env", "local", "--yes", "--report", str(report)]
    running = subprocess.Popen(
        [sys.executable, "-m", "tools.acceptance", *options],
        cwd=shell.project, env=shell.variables, stdout=subprocess.PIPE, text=True, preexec_fn=restore_sigint,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    # In the middle of the first deployment: its cluster exists, and its service does not run yet.
    while not set(clusters_of(aws)) - known and time.monotonic() < deadline:
        assert running.poll() is None, "the run ended before its first deployment"
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=240)
    text = report.read_text(encoding="utf-8")
    assert running.returncode == 130, text
    assert "interrupted" in text
    assert "not everything was taken away" not in text, text
    assert [each for each in clusters_of(aws) if is_active(aws, each)] == []
    assert aws("elbv2").describe_load_balancers()["LoadBalancers"] == balancers
    assert acceptance_folders() == folders


def clusters_of(aws: Any) -> list[str]:
    pages = aws("ecs").get_paginator("list_clusters").paginate()
    return [arn for page in pages for arn in page["clusterArns"]]


def is_active(aws: Any, cluster: str) -> bool:
    return aws("ecs").describe_clusters(clusters=[cluster])["clusters"][0]["status"] == "ACTIVE"


def acceptance_folders() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("cutover-acceptance-*")}
