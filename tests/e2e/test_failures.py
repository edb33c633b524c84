"""What the engine is told when AWS fails: the provider runs in the test's process, where failures are injected."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from cutover.localcloud.provider.serving import serve
from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

SERVICE = "aws:ecs/service:Service"


@dataclass
class Failing:
    """Failures still to come, by operation and type; each strikes once."""

    errors: dict[tuple[str, str], Exception] = field(default_factory=dict)

    def __call__(self, operation: str, token: str) -> None:
        error = self.errors.pop((operation, token), None)
        if error is not None:
            raise error


@pytest.fixture
def failing() -> Failing:
    return Failing()


@pytest.fixture
def attached(shell: Shell, failing: Failing) -> Iterator[Shell]:
    """The shell whose engine attaches to a provider in this process."""
    with serve(failing) as port:
        yield replace(shell, variables={**shell.variables, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"})


def test_a_stack_that_cannot_be_created_is_taken_away_and_the_reason_told(attached: Shell, failing: Failing) -> None:
    attached.set_release("1.0.0")
    failing.errors["create", SERVICE] = RuntimeError("no capacity in this zone")
    ended = attached.cutover("deploy")
    assert (ended.code, ended.last["status"]) == (5, "ROLLED_BACK")
    assert "no capacity in this zone" in ended.last["error"]["message"]
    assert ended.last["traffic"] == []
    assert "local-1.0.0" not in attached.run("pulumi", "stack", "ls").out


def test_a_throttled_creation_is_tried_again_and_completes(attached: Shell, failing: Failing) -> None:
    failing.errors["create", SERVICE] = RuntimeError("ThrottlingException: Rate exceeded")
    ended = attached.cutover("deploy")
    assert (ended.code, ended.last["status"]) == (0, "COMPLETED"), ended.err


def test_weights_changed_by_hand_are_found_before_anything_is_done(attached: Shell) -> None:
    import boto3

    elbv2 = boto3.client(
        "elbv2",
        endpoint_url=attached.variables["AWS_ENDPOINT_URL"],
        region_name="eu-west-1",
        aws_access_key_id="t",
        aws_secret_access_key="t",
    )
    balancer = elbv2.describe_load_balancers(Names=["shop-local"])["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
    elbv2.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[answer])
    attached.set_release("2.0.0")
    ended = attached.cutover("deploy")
    assert (ended.code, ended.last["error"]["code"]) == (4, "DRIFT")
    mended = attached.run("pulumi", "up", "--refresh", "-s", "local", "--yes", "--skip-preview")
    assert mended.code == 0, mended.out
    assert attached.cutover("deploy").code == 0


def test_a_killed_local_cloud_takes_its_tasks_along(shell: Shell) -> None:
    running = json.loads(shell.cutover("local", "status").out)
    folder = shell.variables["CUTOVER_LOCAL"]
    assert len(processes_in(folder)) >= 2, "no task runs, so this proves nothing"
    os.kill(running["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_in(folder) == []
    assert json.loads(shell.cutover("local", "status").out)["running"] is False


def processes_in(folder: str) -> list[int]:
    """Processes that work in a folder or below it: the tasks of a local cloud."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        # A process that ended while we looked has no working folder any more.
        with contextlib.suppress(OSError):
            if str(link.readlink()).startswith(folder):
                found.append(int(link.parent.name))
    return found
