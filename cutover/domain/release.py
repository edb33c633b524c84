"""A release: its manifest, the digest of the manifest, and its state in the ledger."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator

from cutover.domain.frozen import AddedIn, Frozen, sha256_of

COMPONENTS_REVISION = 2
"""Increment it when the components create different resources from the same manifest: the digest then changes."""


class HealthCheck(Frozen):
    """The load balancer's health check of a task. Times are in seconds, thresholds in consecutive checks."""

    path: str
    interval_seconds: int
    timeout_seconds: int
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str
    grace_period_seconds: int


class Network(Frozen):
    """The environment's network that a release uses, as AWS identifiers."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    load_balancer_security_group_id: str
    listener_arn: str


class Container(Frozen):
    """The only container of the release's task. `image` is always `repository@sha256:…`."""

    image: str
    port: int
    command: tuple[str, ...] = ()
    user: str
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    """Environment variable → ARN of a secret, pinned to a version, or of a parameter. Never the value itself."""
    writable_paths: tuple[str, ...] = ()
    """Directories that the user can write to. The rest of the root file system is read-only."""
    stop_timeout_seconds: int
    """Seconds from SIGTERM to SIGKILL."""
    writable_mib: Annotated[int | None, AddedIn(2)] = None
    """Most MiB of each writable directory in the memory of the task. None: a volume on its disk, which root owns."""
    secret_keys: Annotated[tuple[str, ...], AddedIn(2)] = ()
    """ARNs of the customer-managed KMS keys that encrypt the secrets, sorted."""


class Manifest(Frozen):
    """Everything that determines what a release runs. Equal manifests are the same release.

    A new field here or in a part gets a default and the mark `AddedIn`; otherwise the digest of every recorded
    manifest changes.
    """

    schema_version: Literal[1] = 1
    components_revision: int = COMPONENTS_REVISION
    application: str
    environment: str
    version: str
    container: Container
    cpu: int
    """CPU units; 1024 is one vCPU."""
    memory: int
    """Memory in MiB."""
    architecture: Literal["X86_64", "ARM64"]
    desired_count: int
    """Number of tasks at full capacity."""
    health_check: HealthCheck
    deregistration_delay_seconds: int
    log_retention_days: int
    network: Network
    tags: dict[str, str] = Field(default_factory=dict)
    slow_start_seconds: int = 0
    """Seconds in which a new target's share of the requests grows; 0 turns slow start off."""
    baseline_for: str | None = None
    """For a fresh baseline: digest of the candidate that it is compared with. None for every other release."""
    role_path: Annotated[str, AddedIn(2)] = "/"
    """Path of the release's IAM roles."""
    permissions_boundary: Annotated[str | None, AddedIn(2)] = None
    """ARN of the policy that limits the release's IAM roles."""

    @property
    def digest(self) -> str:
        """The release digest: 64 hexadecimal characters."""
        return sha256_of(self)

    @property
    def ref(self) -> "ReleaseRef":
        """The reference of a release that is recorded now. A recorded release keeps its reference: `Release.ref`."""
        digest = self.digest
        return ReleaseRef(
            release=f"{self.environment}-{self.version}-{digest[:8]}", version=self.version, digest=digest
        )


class ReleaseRef(Frozen):
    """A reference to a release: its name (also the name of its stack), version and full digest."""

    release: str
    version: str
    digest: str

    @property
    def digest8(self) -> str:
        """The first eight characters of the digest: the value of the X-Cutover-Release header."""
        return self.digest[:8]

    def resource_prefix(self, application: str) -> str:
        """Prefix of the name of every AWS resource of the release.

        It is short because a target group's name has at most 32 characters, including the random suffix
        (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html).
        """
        return f"{application[:11].rstrip('-')}-{self.digest8}"


class ReleaseState(StrEnum):
    """State of a release's stack: incomplete, complete, or destroyed.

    Whether the release has traffic and tasks is not recorded: it follows from the allocation and from ECS.
    """

    CREATING = "CREATING"
    READY = "READY"
    RETIRED = "RETIRED"


class ReleaseOutputs(Frozen):
    """Outputs of a release's stack: the names and ARNs of its AWS resources."""

    cluster_arn: str
    service_name: str
    task_definition_arn: str
    target_group_arn: str
    security_group_id: str
    log_group_name: str


class Release(Frozen):
    """The ledger's entry of one release."""

    ref: ReleaseRef
    manifest: Manifest
    state: ReleaseState
    outputs: ReleaseOutputs | None = None
    created_at: datetime
    succeeded_at: datetime | None = None
    """When a deployment of this release last completed. Only such a release can be a rollback target."""
    retired_at: datetime | None = None

    @field_validator("state", mode="before")
    @classmethod
    def _read_old_states(cls, state: object) -> object:
        """Records of version 0.1 also say whether a complete release has traffic and tasks."""
        return "READY" if state in ("SERVING", "STANDBY", "SCALED_TO_ZERO") else state
