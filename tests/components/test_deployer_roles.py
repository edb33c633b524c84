"""The program of `cutover iam policy --as pulumi` creates the role with all its policies."""

import json
from collections.abc import Callable
from typing import Any

from cutover.config import EnvironmentConfig
from cutover.permissions import account_trust, boundary_document, documents_of
from cutover.permissions.program import pulumi_program


def test_the_program_creates_the_role_its_policies_and_the_boundary(
    run: Callable[[Callable[[], None]], Any], config: EnvironmentConfig
) -> None:
    documents = documents_of(config, "deploy")
    text = pulumi_program("shop-local-deploy", documents, account_trust(config), boundary_document(config))
    resources = run(lambda: exec(compile(text, "__main__.py", "exec"), {}))
    role = resources.one("aws:iam/role:Role")
    assert (role["name"], json.loads(role["assumeRolePolicy"])) == ("shop-local-deploy", account_trust(config))
    policies = {each.inputs["name"]: each.inputs["policy"] for each in resources.of("aws:iam/policy:Policy")}
    assert {name: json.loads(text) for name, text in policies.items()} == {
        **{f"shop-local-deploy-{number}": each for number, each in enumerate(documents, start=1)},
        "shop-local-deploy-boundary": boundary_document(config),
    }
    attached = [each.inputs["policyArn"] for each in resources.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")]
    assert sorted(attached) == [f"arn:aws:mock:::shop-local-deploy-{number}" for number in (1, 2)]


def test_a_role_without_a_boundary_creates_none(
    run: Callable[[Callable[[], None]], Any], config: EnvironmentConfig
) -> None:
    text = pulumi_program("shop-local-preview", documents_of(config, "preview"), account_trust(config), None)
    resources = run(lambda: exec(compile(text, "__main__.py", "exec"), {}))
    assert [each.inputs["name"] for each in resources.of("aws:iam/policy:Policy")] == ["shop-local-preview-1"]
