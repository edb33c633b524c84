"""The ARNs of what an environment's file names, and the patterns of what cutover names itself."""

from dataclasses import dataclass

from cutover.config import EnvironmentConfig
from cutover.config.image import repository_of
from cutover.config.partitions import partition
from cutover.domain.release import ReleaseRef
from cutover.permissions.documents import Condition

_ANY_DIGEST = "????????"


@dataclass(frozen=True, slots=True)
class Names:
    """Builds ARNs of one environment."""

    config: EnvironmentConfig

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the environment's Region and account."""
        provider = self.config.provider
        return f"arn:{partition(provider.region)}:{service}:{provider.region}:{provider.account_id}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of a service without Regions, such as IAM."""
        provider = self.config.provider
        return f"arn:{partition(provider.region)}:{service}::{provider.account_id}:{resource}"

    @property
    def release(self) -> str:
        """Pattern of the names of all resources of the application's releases."""
        prefix = ReleaseRef(release="", version="", digest=_ANY_DIGEST).resource_prefix(self.config.application)
        return f"{prefix}-*"

    @property
    def load_balancer(self) -> str:
        """The load balancer's part in the ARNs of the load balancer, its listener and its rules."""
        return f"app/{self.config.application}-{self.config.environment}/*"

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the records."""
        records, provider = self.config.records, self.config.records_provider
        prefix = f"arn:{partition(provider.region)}:dynamodb:{provider.region}:{provider.account_id}"
        return tuple(f"{prefix}:table/{name}" for name in (records.deployments_table, records.executions_table))

    @property
    def bucket(self) -> str:
        """The bucket of manifests and reports."""
        return f"arn:{partition(self.config.records_provider.region)}:s3:::{self.config.records.artifact_bucket}"

    @property
    def repository(self) -> str:
        """The repository of the file's image, which can be in another account and Region."""
        return repository_of(self.config.release.image, self.config.provider).arn

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets of the file, without key and version."""
        arns = self.config.release.secrets.values()
        return tuple(sorted({":".join(arn.split(":")[:7]) for arn in arns if ":secretsmanager:" in arn}))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the file."""
        return tuple(sorted({arn for arn in self.config.release.secrets.values() if ":ssm:" in arn}))

    @property
    def release_roles(self) -> str:
        """Pattern of the roles of the application's releases."""
        release = self.config.release
        path = release.role_path or f"/cutover/{self.config.application}/"
        return self.global_arn("iam", f"role{path}{self.release}")

    @property
    def regional(self) -> Condition:
        """For actions that IAM cannot limit to a resource: only in the environment's Region."""
        return {"StringEquals": {"aws:RequestedRegion": self.config.provider.region}}

    def tagged(self, *, when: str) -> dict[str, str]:
        """The application's tag, in the request (`aws:RequestTag`) or on the resource (`aws:ResourceTag`)."""
        return {f"{when}/cutover:application": self.config.application}

    @property
    def of_application(self) -> Condition:
        """The resource belongs to the application."""
        return {"StringEquals": self.tagged(when="aws:ResourceTag")}
