"""The resource types of ECR repositories and their policies."""

import json
from typing import Any

from cutover.localcloud.provider.resource_type import (
    Client,
    Name,
    Shape,
    changed,
    error_code,
    removed_tags,
    tag_list,
    tag_map,
)
from cutover.localcloud.provider.values import Properties

_MISSING = (
    "RepositoryNotFoundException",
    "LifecyclePolicyNotFoundException",
    "RepositoryPolicyNotFoundException",
)


class Repository:
    """A repository of container images."""

    shape = Shape(
        "aws:ecr/repository:Repository",
        replaces=frozenset({"name", "encryptionConfigurations"}),
        computed=("arn", "registryId", "repositoryUrl"),
        name=Name("name", 256),
        tagged=True,
        delete_first=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        aws("ecr").create_repository(
            repositoryName=inputs["name"],
            imageTagMutability=inputs.get("imageTagMutability", "MUTABLE"),
            imageScanningConfiguration={"scanOnPush": _scans(inputs)},
            tags=tag_list(inputs.get("tags")),
            **_encryption(inputs),
        )
        return str(inputs["name"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        ecr = aws("ecr")
        repository = _get_or_none(lambda: ecr.describe_repositories(repositoryNames=[identifier])["repositories"][0])
        if repository is None:
            return None
        state: Properties = {
            "name": identifier,
            "imageTagMutability": repository["imageTagMutability"],
            "tags": tag_map(ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]),
            "arn": repository["repositoryArn"],
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
        }
        if "imageScanningConfiguration" in inputs:
            state["imageScanningConfiguration"] = {"scanOnPush": repository["imageScanningConfiguration"]["scanOnPush"]}
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        ecr = aws("ecr")
        if changed(old, new, "imageTagMutability"):
            ecr.put_image_tag_mutability(
                repositoryName=identifier, imageTagMutability=new.get("imageTagMutability", "MUTABLE")
            )
        if changed(old, new, "imageScanningConfiguration"):
            ecr.put_image_scanning_configuration(
                repositoryName=identifier, imageScanningConfiguration={"scanOnPush": _scans(new)}
            )
        arn = ecr.describe_repositories(repositoryNames=[identifier])["repositories"][0]["repositoryArn"]
        if removed := removed_tags(old, new):
            ecr.untag_resource(resourceArn=arn, tagKeys=removed)
        if changed(old, new, "tags") and new.get("tags"):
            ecr.tag_resource(resourceArn=arn, tags=tag_list(new["tags"]))

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`; ECR rejects this for a repository with images, unless `forceDelete` is set."""
        force = bool(state.get("forceDelete"))
        _get_or_none(lambda: aws("ecr").delete_repository(repositoryName=identifier, force=force))


class LifecyclePolicy:
    """The lifecycle policy of a repository; its id is the repository's name."""

    shape = Shape(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy", replaces=frozenset({"repository"}), computed=("registryId",)
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        self._put(aws, inputs)
        return str(inputs["repository"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        response = _get_or_none(lambda: aws("ecr").get_lifecycle_policy(repositoryName=identifier))
        if response is None:
            return None
        text = response["lifecyclePolicyText"]
        return {
            "repository": identifier,
            "policy": _as_wanted(inputs.get("policy"), text),
            "registryId": response["registryId"],
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        del identifier, old
        self._put(aws, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        _get_or_none(lambda: aws("ecr").delete_lifecycle_policy(repositoryName=identifier))

    def _put(self, aws: Client, inputs: Properties) -> None:
        aws("ecr").put_lifecycle_policy(repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"])


class RepositoryPolicy:
    """The policy of a repository, for other accounts; its id is the repository's name."""

    shape = Shape(
        "aws:ecr/repositoryPolicy:RepositoryPolicy", replaces=frozenset({"repository"}), computed=("registryId",)
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        self._put(aws, inputs)
        return str(inputs["repository"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        response = _get_or_none(lambda: aws("ecr").get_repository_policy(repositoryName=identifier))
        if response is None:
            return None
        return {
            "repository": identifier,
            "policy": _as_wanted(inputs.get("policy"), response["policyText"]),
            "registryId": response["registryId"],
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        del identifier, old
        self._put(aws, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        _get_or_none(lambda: aws("ecr").delete_repository_policy(repositoryName=identifier))

    def _put(self, aws: Client, inputs: Properties) -> None:
        aws("ecr").set_repository_policy(repositoryName=inputs["repository"], policyText=inputs["policy"])


def _as_wanted(wanted: str | None, text: str) -> str:
    """The wanted text of a policy if the answer means the same: AWS writes a policy in its own way."""
    return wanted if wanted is not None and json.loads(wanted) == json.loads(text) else text


def _scans(inputs: Properties) -> bool:
    return bool((inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"))


def _encryption(inputs: Properties) -> dict[str, Any]:
    configurations = inputs.get("encryptionConfigurations") or []
    if not configurations:
        return {}
    return {"encryptionConfiguration": {"encryptionType": configurations[0]["encryptionType"]}}


def _get_or_none(call: Any) -> Any:
    try:
        return call()
    except Exception as error:
        if error_code(error) in _MISSING:
            return None
        raise
