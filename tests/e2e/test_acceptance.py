"""The acceptance run against the local cloud: every step ends as it must, no fact differs, and nothing is left."""

import re
import sys

import pytest

from support.shell import ROOT, Ended, Shell

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
