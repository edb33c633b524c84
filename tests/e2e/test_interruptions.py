"""Drivers that are stopped or killed, and two drivers at the same time."""

import json
import signal
import time

import pytest

from support.local_aws import clients
from support.shell import Shell, resume_when_free, stop, until

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def test_a_resume_finishes_an_execution_that_sigterm_stopped(shell: Shell) -> None:
    shell.set_release("1.0.0")
    driver = shell.start("deploy")
    until(driver, "intent", "creating")
    assert stop(driver, signal.SIGTERM) == 130
    assert shell.cutover("status").last["phase"] == "interrupted"
    resumed = shell.cutover("resume")
    assert (resumed.code, resumed.last["status"]) == (0, "COMPLETED"), resumed.err


def test_a_resume_finishes_a_killed_creation_once_the_lease_has_expired(shell: Shell) -> None:
    shell.set_release("2.0.0")
    driver = shell.start("deploy")
    until(driver, "intent", "creating")
    stop(driver, signal.SIGKILL)
    assert shell.cutover("deploy").code == 3
    resumed = resume_when_free(shell)
    assert (resumed.code, resumed.last["status"]) == (0, "COMPLETED"), resumed.err


def test_a_killed_creation_leaves_no_resource_behind(shell: Shell) -> None:
    existing = sum(release["state"] != "RETIRED" for release in shell.cutover("releases").last_list)
    client = clients(shell.variables["AWS_ENDPOINT_URL"])
    counts = (
        len(client("ecs").list_clusters()["clusterArns"]),
        len([role for role in client("iam").list_roles()["Roles"] if role["RoleName"].startswith("shop-")]),
        len(client("elbv2").describe_target_groups()["TargetGroups"]),
    )
    assert counts == (existing, 2 * existing, existing)


def test_a_second_signal_kills_the_engine_and_a_resume_recovers_what_was_pending(shell: Shell) -> None:
    shell.set_release("2.1.0")
    driver = shell.start("deploy")
    until(driver, "intent", "creating")
    time.sleep(1.0)
    driver.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    asked = time.monotonic()
    assert stop(driver, signal.SIGTERM) == 130
    # Ten seconds after the engine's end; the machine may be busy with other tests.
    assert time.monotonic() < asked + 60.0
    resumed = shell.cutover("resume")
    assert (resumed.code, resumed.last["status"]) == (0, "COMPLETED"), resumed.err


def test_one_of_two_drivers_deploys_and_the_other_is_refused_with_its_name(shell: Shell) -> None:
    shell.set_release("3.0.0")
    first = shell.start("deploy")
    until(first, "intent", "creating")
    second = shell.cutover("deploy")
    assert (second.code, second.last["error"]["code"]) == (3, "LEASE_HELD")
    first.communicate(timeout=120)
    assert first.returncode == 0


def test_an_abort_from_another_process_rolls_the_deployment_back(shell: Shell) -> None:
    shell.set_release("4.0.0", "unhealthy")
    driver = shell.start("deploy")
    until(driver, "intent", "verifying")
    assert shell.cutover("abort").code == 0
    out, _ = driver.communicate(timeout=120)
    assert (driver.returncode, json.loads(out.strip().splitlines()[-1])["status"]) == (5, "ROLLED_BACK")


def test_a_version_cannot_be_reused_for_other_content(shell: Shell) -> None:
    shell.edit(r"cpu: 256", "cpu: 512")
    shell.edit(r"memory: 512", "memory: 1024")
    shell.edit(r"version: \S+", "version: 3.0.0")
    shell.edit(r"image: shop:\S+", "image: shop:3.0.0")
    ended = shell.cutover("deploy")
    assert (ended.code, ended.last["error"]["code"]) == (3, "VERSION_REUSED")
