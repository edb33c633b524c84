"""An environment whose records and images are in another account: its driver assumes a role there."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from ruamel.yaml import YAML

from cutover.localcloud import process
from cutover.localcloud.images import build
from e2e.conftest import shell_in
from support.local_aws import REGION, clients
from support.shell import ROOT, Ended, Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]
TOOLS, OWN = "222222222222", "123456789012"
ROLE = {"arn": f"arn:aws:iam::{TOOLS}:role/cutover-records"}
IMAGE = f"{TOOLS}.dkr.ecr.{REGION}.amazonaws.com/shop"


def rewrite(project: Path, name: str, **sections: dict[str, Any]) -> None:
    """Change keys of the sections of an environment's file."""
    file, yaml = project / f"Pulumi.{name}.yaml", YAML()
    document = yaml.load(file.read_text(encoding="utf-8"))
    for section, keys in sections.items():
        document["config"][f"cutover:{section}"].update(keys)
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(document, out)


def tools(shell: Shell, *arguments: str) -> Ended:
    """Run `cutover -e tools …`, the file of the account of the records."""
    return shell.run(sys.executable, "-m", "cutover.cli.main", "-e", "tools", "--json", *arguments)


def in_tools(endpoint: str, service: str) -> Any:
    """A client with the role of the account of the records."""
    given = clients(endpoint)("sts").assume_role(RoleArn=ROLE["arn"], RoleSessionName="test")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


@pytest.fixture(scope="module")
def endpoint(local_cloud: tuple[Path, process.Status]) -> str:
    return local_cloud[1].endpoint


@pytest.fixture(scope="module")
def apart(local_cloud: tuple[Path, process.Status], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A project with two files: `tools` for the account of the records and images, `local` for the environment."""
    project = tmp_path_factory.mktemp("project")
    shell = shell_in(project, local_cloud)
    shutil.copy(project / "Pulumi.local.yaml", project / "Pulumi.tools.yaml")
    provider = {"account_id": TOOLS, "assume_role": ROLE}
    rewrite(project, "tools", provider=provider, records={"repositories": ["shop"], "pull_accounts": [OWN]})
    account = {"account_id": TOOLS, "assume_role": ROLE}
    rewrite(project, "local", records={"repositories": [], "account": account})
    return shell


def push(local_cloud: tuple[Path, process.Status], version: str) -> None:
    """Push an image of the shop into the repository of the other account."""
    folder, running = local_cloud
    arguments = {"VERSION": version, "BEHAVIOUR": "good"}
    ecr = in_tools(running.endpoint, "ecr")
    build(ROOT / "examples" / "shop", "shop", version, ecr=ecr, images_dir=folder / "images", build_args=arguments)


def test_an_environment_cannot_be_created_before_the_account_of_its_records_is(apart: Shell) -> None:
    ended = apart.cutover("bootstrap")
    assert (ended.code, ended.last["error"]["code"]) == (4, "RECORDS_MISSING"), ended.err
    assert f"provider.account_id is {TOOLS}" in ended.err


def test_the_account_of_the_records_gets_tables_and_repositories_and_no_environment(
    apart: Shell, endpoint: str
) -> None:
    ended = tools(apart, "bootstrap", "--platform")
    assert ended.code == 0, ended.err
    assert ended.last["account"] == TOOLS
    assert len(in_tools(endpoint, "dynamodb").list_tables()["TableNames"]) == 2
    assert clients(endpoint)("dynamodb").list_tables()["TableNames"] == []
    assert in_tools(endpoint, "elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_a_release_runs_an_image_and_has_records_of_the_other_account(
    apart: Shell, local_cloud: tuple[Path, process.Status], endpoint: str
) -> None:
    assert apart.cutover("bootstrap").code == 0
    push(local_cloud, "1.0.0")
    rewrite(apart.project, "local", release={"image": f"{IMAGE}:1.0.0"})
    ended = apart.cutover("deploy")
    assert (ended.code, ended.last["status"]) == (0, "COMPLETED"), ended.err
    assert in_tools(endpoint, "dynamodb").scan(TableName="immutable-deployments")["Count"] > 0
    (cluster,) = clients(endpoint)("ecs").list_clusters()["clusterArns"]
    assert f":{OWN}:" in cluster


def test_an_image_whose_repository_does_not_let_the_account_pull_is_denied(
    apart: Shell, local_cloud: tuple[Path, process.Status], endpoint: str
) -> None:
    push(local_cloud, "2.0.0")
    ecr = in_tools(endpoint, "ecr")
    policy = ecr.get_repository_policy(repositoryName="shop")["policyText"]
    ecr.delete_repository_policy(repositoryName="shop")
    rewrite(apart.project, "local", release={"version": "2.0.0", "image": f"{IMAGE}:2.0.0"})
    ended = apart.cutover("preview")
    assert (ended.code, ended.last["error"]["code"]) == (4, "AWS_DENIED"), ended.err
    assert "no resource-based policy allows the ecr:DescribeImages action" in ended.err
    ecr.set_repository_policy(repositoryName="shop", policyText=policy)
    assert apart.cutover("preview").code == 0


def test_two_accounts_cannot_share_the_name_of_an_environment(apart: Shell) -> None:
    shutil.copy(apart.project / "Pulumi.local.yaml", apart.project / "kept.yaml")
    other = "333333333333"
    role = {"arn": f"arn:aws:iam::{other}:role/deploy"}
    rewrite(apart.project, "local", provider={"account_id": other, "assume_role": role})
    ended = apart.cutover("deploy")
    shutil.move(apart.project / "kept.yaml", apart.project / "Pulumi.local.yaml")
    assert (ended.code, ended.last["error"]["code"]) == (3, "ACCOUNT_CHANGED"), ended.err


def test_the_platform_of_other_accounts_is_not_taken_away_with_an_environment(apart: Shell, endpoint: str) -> None:
    refused = apart.cutover("destroy", "--platform", "--confirm", "shop-local")
    assert (refused.code, refused.last["error"]["code"]) == (3, "PLATFORM_ELSEWHERE"), refused.err
    assert apart.cutover("destroy", "--confirm", "shop-local").code == 0
    assert len(in_tools(endpoint, "dynamodb").list_tables()["TableNames"]) == 2


def test_the_page_has_the_commands_of_these_tests() -> None:
    page = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ {4}(cutover -e .*)$", page, re.MULTILINE)
    assert commands == [
        "cutover -e tools bootstrap --platform",
        "cutover -e prod iam policy --for records --to policies",
    ]


def test_the_role_of_the_records_is_printed(apart: Shell) -> None:
    printed = apart.cutover("iam", "policy", "--for", "records").last
    assert f"arn:aws:dynamodb:{REGION}:{TOOLS}:table/immutable-deployments" in str(printed["records-1"])
    assert printed["trust"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{OWN}:root"}
