"""Failures of AWS during an operation of Pulumi. The provider runs in the test's process, which injects them."""

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
from support import aws_commands
from support.local_aws import clients
from support.shell import ROOT, Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

SERVICE = "aws:ecs/service:Service"


@dataclass
class Failing:
    """Failures by operation and type; each happens once."""

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


def test_a_stack_that_cannot_be_created_is_destroyed_and_the_reason_reported(attached: Shell, failing: Failing) -> None:
    attached.set_release("1.0.0")
    failing.errors["create", SERVICE] = RuntimeError("no capacity in this zone")
    ended = attached.cutover("deploy")
    assert (ended.code, ended.last["status"]) == (5, "ROLLED_BACK")
    assert "no capacity in this zone" in ended.last["error"]["message"]
    assert ended.last["traffic"] == []
    assert "local-1.0.0" not in attached.run("pulumi", "stack", "ls").out


def test_a_throttled_creation_is_retried_and_completes(attached: Shell, failing: Failing) -> None:
    failing.errors["create", SERVICE] = RuntimeError("ThrottlingException: Rate exceeded")
    ended = attached.cutover("deploy")
    assert (ended.code, ended.last["status"]) == (0, "COMPLETED"), ended.err


def test_weights_that_a_person_changed_are_refused_before_any_change(attached: Shell) -> None:
    elbv2 = clients(attached.variables["AWS_ENDPOINT_URL"])("elbv2")
    balancer = elbv2.describe_load_balancers(Names=["shop-local"])["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
    elbv2.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[answer])
    attached.set_release("2.0.0")
    ended = attached.cutover("deploy")
    assert (ended.code, ended.last["error"]["code"]) == (4, "DRIFT")
    refreshed = attached.run("pulumi", "up", "--refresh", "-s", "local", "--yes", "--skip-preview")
    assert refreshed.code == 0, refreshed.out
    assert attached.cutover("deploy").code == 0


def test_the_commands_of_the_operations_page_give_an_older_release_all_traffic(attached: Shell) -> None:
    look, give, find = aws_commands.commands_of(ROOT / "docs" / "operations.md")
    environment = json.loads(attached.run("pulumi", "stack", "output", "--json", "-s", "local").out)
    older = next(each for each in attached.cutover("releases").last_list if each["version"] == "1.0.0")
    values = {"LISTENER_ARN": environment["listener_arn"], "DIGEST8": older["release"][-8:]}
    variables = attached.variables
    (group,) = aws_commands.run(find, values, variables)
    aws_commands.run(give, values | {"TARGET_GROUP_ARN": group}, variables)
    (action,) = aws_commands.run(look, values, variables)
    assert [each["TargetGroupArn"] for each in action["ForwardConfig"]["TargetGroups"]] == [group]
    ended = attached.cutover("rollback")
    assert (ended.code, ended.last["status"]) == (0, "COMPLETED"), ended.err
    assert [each["version"] for each in ended.last["traffic"] if each["weight"]] == ["1.0.0"]


def test_the_tasks_of_a_killed_local_cloud_end(shell: Shell) -> None:
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
    """Processes whose working folder is `folder` or below it: the tasks of a local cloud."""
    pids = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        # A process that has ended in the meantime has no working folder.
        with contextlib.suppress(OSError):
            if str(link.readlink()).startswith(folder):
                pids.append(int(link.parent.name))
    return pids
