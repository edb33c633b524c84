"""The commands of docs/permissions.md create a role that may do what `cutover iam policy` says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from cutover.config import load_environment
from cutover.localcloud.server import LocalCloud
from cutover.permissions import ROLES, account_trust, boundary_document, documents_of
from support import aws_commands
from support.shell import ROOT

PAGE = ROOT / "docs" / "permissions.md"
COMMANDS = re.findall(r"^ {4}(cutover .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the environment prod."""
    shutil.copy(ROOT / "Pulumi.local.yaml", tmp_path / "Pulumi.prod.yaml")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


def cutover(project: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "cutover.cli.main", *arguments]
    done = subprocess.run(
        command, cwd=project, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_has_a_command_for_files_for_github_and_for_pulumi() -> None:
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_cutover_on_the_page_writes_its_files(command: str, project: Path) -> None:
    arguments = command.split()[1:]
    cutover(project, *arguments)
    folder = project / arguments[-1]
    if "pulumi" in arguments:
        compile((folder / "__main__.py").read_text(encoding="utf-8"), "__main__.py", "exec")
        return
    written = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    documents = documents_of(load_environment(project, "prod"), "deploy")
    assert [written[f"deploy-{number}"] for number in (1, 2)] == json.loads(json.dumps(documents))
    (statement,) = written["trust"]["Statement"]
    if "--github" in arguments:
        condition = statement["Condition"]["StringEquals"]
        assert condition["token.actions.githubusercontent.com:sub"] == "repo:acme/shop:environment:prod"
    else:
        assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}


def test_the_commands_of_aws_on_the_page_create_the_role(project: Path, tmp_path: Path) -> None:
    cutover(project, *COMMANDS[0].split()[1:])
    config = load_environment(project, "prod")
    with LocalCloud(tmp_path / "cloud") as cloud:
        variables = {"AWS_ENDPOINT_URL": cloud.endpoint}
        for command in aws_commands.commands_of(PAGE):
            aws_commands.run(command, {"ACCOUNT": "123456789012"}, variables, folder=project)
        iam: Any = boto3.client(
            "iam",
            endpoint_url=cloud.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="t",
            aws_secret_access_key="t",
        )
        assert iam.get_role(RoleName="shop-prod-deploy")["Role"]["AssumeRolePolicyDocument"] == account_trust(config)
        (attached,) = iam.list_attached_role_policies(RoleName="shop-prod-deploy")["AttachedPolicies"]
        version = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId="v1")["PolicyVersion"]
        assert version["Document"] == json.loads(json.dumps(documents_of(config, "deploy")[0]))
        boundary = iam.get_policy_version(
            PolicyArn="arn:aws:iam::123456789012:policy/shop-prod-boundary", VersionId="v1"
        )["PolicyVersion"]
        assert boundary["Document"] == json.loads(json.dumps(boundary_document(config)))


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_printed_as_one_json_object(role: str, project: Path) -> None:
    printed = json.loads(cutover(project, "-e", "prod", "--json", "iam", "policy", "--for", role))
    assert {f"{role}-1", "trust"} <= set(printed)
    assert role in PAGE.read_text(encoding="utf-8")
