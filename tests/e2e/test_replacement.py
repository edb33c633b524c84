"""A replacement by the real engine: in which order it creates the new resource and deletes the old one."""

from collections.abc import Iterator
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation

from cutover.localcloud.provider.serving import serve
from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.fixture
def calls() -> list[str]:
    """What the provider did to security groups, in order."""
    return []


@pytest.fixture
def attached(shell: Shell, calls: list[str]) -> Iterator[dict[str, str]]:
    def before(operation: str, token: str) -> None:
        if token == GROUP and operation != "read":
            calls.append(operation)

    with serve(before) as port:
        yield {**shell.variables, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"}


def stack_of(variables: dict[str, str], folder: Path, name: str, description: str, first: bool) -> automation.Stack:
    def program() -> None:
        endpoints = [aws.ProviderEndpointArgs(ec2=variables["AWS_ENDPOINT_URL"])]
        provider = aws.Provider("p", region="eu-west-1", access_key="t", secret_key="t", endpoints=endpoints)
        vpc = aws.ec2.get_vpc(tags={"Name": "cutover-local"}, opts=pulumi.InvokeOptions(provider=provider))
        options = pulumi.ResourceOptions(provider=provider, delete_before_replace=first or None)
        group = aws.ec2.SecurityGroup("g", description=description, vpc_id=vpc.id, opts=options)
        pulumi.export("id", group.id)

    workspace = automation.LocalWorkspaceOptions(work_dir=str(folder), env_vars=variables)
    return automation.create_or_select_stack(name, project_name="order", program=program, opts=workspace)


@pytest.mark.parametrize(
    ("first", "order"), [(False, ["create", "create", "delete"]), (True, ["create", "delete", "create"])]
)
def test_a_replacement_deletes_first_only_with_delete_before_replace(
    attached: dict[str, str], calls: list[str], tmp_path: Path, first: bool, order: list[str]
) -> None:
    name = f"order-{first}".lower()
    before = stack_of(attached, tmp_path, name, "one", first).up().outputs["id"].value
    stack = stack_of(attached, tmp_path, name, "two", first)
    after = stack.up().outputs["id"].value
    assert (calls, before != after) == (order, True)
    stack.destroy()
    assert calls[-1] == "delete"
