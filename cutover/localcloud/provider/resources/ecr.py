"""ECR repositories and what becomes of old images."""

import json
from typing import Any

from cutover.localcloud.provider.kinds import Client, Name, Shape, changed, error_code, gone_tags, tag_list, tag_map
from cutover.localcloud.provider.values import Properties

_GONE = ("RepositoryNotFoundException", "LifecyclePolicyNotFoundException")


class Repository:
    """A repository of images."""

    shape = Shape(
        "aws:ecr/repository:Repository",
        replaces=frozenset({"name", "encryptionConfigurations"}),
        computed=("arn", "registryId", "repositoryUrl"),
        name=Name("name", 256),
        tagged=True,
        delete_first=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        aws("ecr").create_repository(
            repositoryName=inputs["name"],
            imageTagMutability=inputs.get("imageTagMutability", "MUTABLE"),
            imageScanningConfiguration={"scanOnPush": _scans(inputs)},
            tags=tag_list(inputs.get("tags")),
            **_encryption(inputs),
        )
        return str(inputs["name"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        ecr = aws("ecr")
        found = _get(lambda: ecr.describe_repositories(repositoryNames=[identifier])["repositories"][0])
        if found is None:
            return None
        seen: Properties = {
            "name": identifier,
            "imageTagMutability": found["imageTagMutability"],
            "tags": tag_map(ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]),
            "arn": found["repositoryArn"],
            "registryId": found["registryId"],
            "repositoryUrl": found["repositoryUri"],
        }
        if "imageScanningConfiguration" in inputs:
            seen["imageScanningConfiguration"] = {"scanOnPush": found["imageScanningConfiguration"]["scanOnPush"]}
        return seen

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
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
        if gone := gone_tags(old, new):
            ecr.untag_resource(resourceArn=arn, tagKeys=gone)
        if changed(old, new, "tags") and new.get("tags"):
            ecr.tag_resource(resourceArn=arn, tags=tag_list(new["tags"]))

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`; ECR refuses a repository with images unless `forceDelete` is set."""
        force = bool(state.get("forceDelete"))
        _get(lambda: aws("ecr").delete_repository(repositoryName=identifier, force=force))


class LifecyclePolicy:
    """The lifecycle policy of a repository; its id is the repository's name."""

    shape = Shape(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy", replaces=frozenset({"repository"}), computed=("registryId",)
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        self._put(aws, inputs)
        return str(inputs["repository"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = _get(lambda: aws("ecr").get_lifecycle_policy(repositoryName=identifier))
        if found is None:
            return None
        text, asked = found["lifecyclePolicyText"], inputs.get("policy")
        same = asked is not None and json.loads(asked) == json.loads(text)
        return {"repository": identifier, "policy": asked if same else text, "registryId": found["registryId"]}

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        del identifier, old
        self._put(aws, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        _get(lambda: aws("ecr").delete_lifecycle_policy(repositoryName=identifier))

    def _put(self, aws: Client, inputs: Properties) -> None:
        aws("ecr").put_lifecycle_policy(repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"])


def _scans(inputs: Properties) -> bool:
    return bool((inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"))


def _encryption(inputs: Properties) -> dict[str, Any]:
    found = inputs.get("encryptionConfigurations") or []
    return {"encryptionConfiguration": {"encryptionType": found[0]["encryptionType"]}} if found else {}


def _get(call: Any) -> Any:
    try:
        return call()
    except Exception as error:
        if error_code(error) in _GONE:
            return None
        raise
