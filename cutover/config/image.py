"""The ECR repository that an image names: of the environment's account, or of another account and Region."""

import re
from dataclasses import dataclass

from cutover.config.partitions import partition
from cutover.config.schema import Provider

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
_REGISTRY = re.compile(r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+/(.+)$")


@dataclass(frozen=True, slots=True)
class Repository:
    """Where an image is."""

    account_id: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The ARN of the repository."""
        return f"arn:{partition(self.region)}:ecr:{self.region}:{self.account_id}:repository/{self.name}"

    @property
    def uri(self) -> str:
        """The address from which images are pulled."""
        domain = "amazonaws.com.cn" if partition(self.region) == "aws-cn" else "amazonaws.com"
        return f"{self.account_id}.dkr.ecr.{self.region}.{domain}/{self.name}"


def registry_of(image: str) -> Repository:
    """The repository of `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@DIGEST`.

    Raises:
        ValueError: the image is not in an ECR repository, or has no digest.
    """
    name, _, digest = image.partition("@")
    match = _REGISTRY.match(name)
    if match is None or not digest.startswith("sha256:"):
        raise ValueError(f"the image must be ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:DIGEST, not {image}")
    return Repository(*match.groups())


def repository_of(image: str, provider: Provider) -> Repository:
    """The repository of `NAME:TAG`, `NAME@DIGEST`, or `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME…`."""
    name = image.partition("@")[0].partition(":")[0]
    match = _REGISTRY.match(name)
    if match is None:
        return Repository(provider.account_id, provider.region, name)
    return Repository(*match.groups())
