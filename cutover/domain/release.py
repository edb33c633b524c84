"""A release: the manifest that determines it, the digest that names it, and where it stands."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from cutover.domain.frozen import Frozen, sha256_of

COMPONENTS_REVISION = 2
"""Raised whenever the components would build another world from the same manifest, so that the digest differs."""


class HealthCheck(Frozen):
    """How the load balancer decides that a task is healthy (seconds; thresholds in looks)."""

    path: str
    interval_seconds: int
    timeout_seconds: int
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str
    grace_period_seconds: int


class Network(Frozen):
    """What a release takes over from its environment; every field an AWS identifier."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    load_balancer_security_group_id: str
    listener_arn: str


class Container(Frozen):
    """The one container of the release's task; `image` is always `repository@sha256:…`."""

    image: str
    port: int
    command: tuple[str, ...] = ()
    user: str
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    """Environment variable → ARN of a secret or parameter, pinned to a version; never a value."""
    writable_paths: tuple[str, ...] = ()
    """Directories backed by an empty volume, since the root file system is read-only."""
    stop_timeout_seconds: int


class Manifest(Frozen):
    """Everything that determines a release: two releases with equal manifests are the same release."""

    schema_version: Literal[1] = 1
    components_revision: int = COMPONENTS_REVISION
    application: str
    environment: str
    version: str
    container: Container
    cpu: int
    """CPU units; 1024 is one vCPU."""
    memory: int
    """MiB."""
    architecture: Literal["X86_64", "ARM64"]
    desired_count: int
    health_check: HealthCheck
    deregistration_delay_seconds: int
    log_retention_days: int
    network: Network
    tags: dict[str, str] = Field(default_factory=dict)
    slow_start_seconds: int = 0
    """A new target's share grows over so long; 0: it has its whole share at once."""
    baseline_for: str | None = None
    """Digest of the release that this one is compared with; it is a copy, made for one analysis."""

    @property
    def digest(self) -> str:
        """The release digest: 64 hexadecimal characters."""
        return sha256_of(self)

    @property
    def resource_prefix(self) -> str:
        """How the name of every resource of the release begins.

        Short, since a target group's name has 32 characters with the random part.
        """
        return f"{self.application[:11].rstrip('-')}-{self.digest[:8]}"

    @property
    def ref(self) -> "ReleaseRef":
        """The short form by which plans and records name this release."""
        digest = self.digest
        return ReleaseRef(
            release=f"{self.environment}-{self.version}-{digest[:8]}", version=self.version, digest=digest
        )


class ReleaseRef(Frozen):
    """A release by name (which is the name of its stack), version and whole digest."""

    release: str
    version: str
    digest: str

    @property
    def digest8(self) -> str:
        """The first eight characters of the digest: the value of the X-Cutover-Release header."""
        return self.digest[:8]


class ReleaseState(StrEnum):
    """Where a release is in its life."""

    CREATING = "CREATING"
    READY = "READY"
    SERVING = "SERVING"
    STANDBY = "STANDBY"
    SCALED_TO_ZERO = "SCALED_TO_ZERO"
    RETIRED = "RETIRED"


class ReleaseOutputs(Frozen):
    """What the release's stack put into the world: the names by which it is observed and moved."""

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
    """When a deployment of it last ended in COMPLETED; only such a release is a rollback target."""
    retired_at: datetime | None = None
