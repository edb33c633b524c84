"""ECR across accounts: a call that names the registry of another account needs the policy of its repository.

moto looks for every repository in the account of the caller.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

import json
from contextlib import ExitStack
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ecr.models import ECRBackend, ecr_backends

ACCESS_DENIED = "AccessDeniedException"


def reach_other_registries(patches: ExitStack) -> None:
    """Answer `DescribeImages` and `BatchGetImage` from the registry that the call names, if it lets the caller."""
    describe_images, batch_get_image = ECRBackend.describe_images, ECRBackend.batch_get_image

    def describe(self: Any, repository_name: str, registry_id: str | None = None, *rest: Any, **more: Any) -> Any:
        backend = _registry(self, registry_id, repository_name, "ecr:DescribeImages")
        return describe_images(backend, repository_name, registry_id, *rest, **more)

    def batch_get(self: Any, repository_name: str, registry_id: str | None = None, *rest: Any, **more: Any) -> Any:
        backend = _registry(self, registry_id, repository_name, "ecr:BatchGetImage")
        return batch_get_image(backend, repository_name, registry_id, *rest, **more)

    for name, original, replacement in (
        ("describe_images", describe_images, describe),
        ("batch_get_image", batch_get_image, batch_get),
    ):
        patches.callback(setattr, ECRBackend, name, original)
        setattr(ECRBackend, name, replacement)


def lets(repository: Any, account: str, action: str) -> bool:
    """Whether the policy of a repository of moto allows an action to another account."""
    document = json.loads(repository.policy) if repository.policy else {"Statement": []}
    return any(
        statement["Effect"] == "Allow" and account in _accounts(statement) and action in _as_list(statement["Action"])
        for statement in _as_list(document["Statement"])
    )


def _registry(backend: Any, registry_id: str | None, name: str, action: str) -> Any:
    if registry_id is None or registry_id == backend.account_id:
        return backend
    other = ecr_backends[registry_id][backend.region_name]
    repository = other.repositories.get(name)
    if repository is not None and not lets(repository, backend.account_id, action):
        message = (
            f"User: arn:aws:sts::{backend.account_id}:assumed-role/cutover is not authorized to perform: {action} on "
            f"resource: {repository.arn} because no resource-based policy allows the {action} action"
        )
        raise JsonRESTError(ACCESS_DENIED, message)
    return other


def _accounts(statement: dict[str, Any]) -> set[str]:
    principal = statement.get("Principal", {})
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return {arn.split(":")[4] if ":" in arn else arn for arn in _as_list(named)}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
