"""`cutover destroy` with the real engine: it shows what goes, takes away what is protected, and leaves what is kept."""

from typing import Any

import pytest

from support.local_aws import clients
from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def client(shell: Shell, service: str) -> Any:
    return clients(shell.variables["AWS_ENDPOINT_URL"])(service)


def left(shell: Shell) -> dict[str, list[str]]:
    """What exists in the local cloud, by kind."""
    balancers = client(shell, "elbv2")
    ecs = client(shell, "ecs")
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    repositories = client(shell, "ecr").describe_repositories()["repositories"]
    return {
        # A deleted cluster stays for a while, INACTIVE.
        "clusters": [each["clusterName"] for each in clusters if each["status"] == "ACTIVE"],
        "target groups": [each["TargetGroupName"] for each in balancers.describe_target_groups()["TargetGroups"]],
        "load balancers": [each["LoadBalancerName"] for each in balancers.describe_load_balancers()["LoadBalancers"]],
        "logs": [each["logGroupName"] for each in client(shell, "logs").describe_log_groups()["logGroups"]],
        "roles": [each["RoleName"] for each in client(shell, "iam").list_roles()["Roles"]],
        "tables": client(shell, "dynamodb").list_tables()["TableNames"],
        "repositories": [each["repositoryName"] for each in repositories],
    }


def test_a_destroy_without_the_name_only_shows_what_would_go_and_what_is_kept(shell: Shell) -> None:
    shell.edit(r"deletion_protection: false", "deletion_protection: true")
    assert shell.cutover("bootstrap").code == 0
    shell.set_release("1.0.0")
    assert shell.cutover("deploy").code == 0
    before = left(shell)
    shown = shell.cutover("destroy")
    assert (shown.code, left(shell)) == (0, before)
    assert any("the release local-1.0.0" in line for line in shown.last["goes"])
    assert "the repository shop" in shown.last["kept"]


def test_a_destroy_with_another_name_is_refused(shell: Shell) -> None:
    refused = shell.cutover("destroy", "--confirm", "shop-prod")
    assert (refused.code, refused.last["error"]["code"]) == (2, "NOT_CONFIRMED")


def test_the_application_goes_and_the_platform_stays(shell: Shell) -> None:
    ended = shell.cutover("destroy", "--confirm", "shop-local")
    assert ended.code == 0, ended.err
    after = left(shell)
    kinds = ("clusters", "target groups", "load balancers", "logs", "roles")
    assert [after[kind] for kind in kinds] == [[]] * len(kinds)
    assert after["tables"]
    assert after["repositories"] == ["shop"]


def test_the_platform_goes_but_for_the_images_that_are_kept(shell: Shell) -> None:
    ended = shell.cutover("destroy", "--platform", "--keep", "images", "--confirm", "shop-local")
    assert ended.code == 0, ended.err
    assert ended.last["kept"] == ["the repository shop"]
    assert (left(shell)["tables"], left(shell)["repositories"]) == ([], ["shop"])


def test_a_repeat_finds_nothing_to_do(shell: Shell) -> None:
    ended = shell.cutover("destroy", "--platform", "--keep", "images", "--confirm", "shop-local")
    assert ended.code == 0, ended.err
