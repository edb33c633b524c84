"""Pulumi stacks: the environment, and releases."""

from dataclasses import dataclass
from typing import Protocol

from cutover.domain import Allocation, Manifest, ReleaseOutputs, ReleaseRef


@dataclass(frozen=True, slots=True)
class EnvironmentOutputs:
    """What the environment stack exports."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    load_balancer_arn: str
    load_balancer_name: str
    load_balancer_dns_name: str
    load_balancer_security_group_id: str
    listener_arn: str
    listener_port: int
    listener_protocol: str


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that a preview would touch; `op` is Pulumi's word (create, update, replace, delete, same)."""

    op: str
    urn: str
    type: str
    name: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StackDiff:
    """What a preview of one stack found."""

    stack: str
    exists: bool
    changes: tuple[ResourceChange, ...]


class Stacks(Protocol):
    """Pulumi stacks: the environment, and releases that are created once and then only destroyed.

    Every method raises `StepFailed` with the resource and AWS's reason when Pulumi fails, `TransientFailure` when the
    same call may succeed later, and `Interrupted` when the process was told to stop.
    """

    def create_platform(self) -> None:
        """Create or update the platform stack of this account and region."""
        ...

    def create_environment(self, allocation: Allocation) -> None:
        """Create or update the whole environment stack, with the weights of `allocation`."""
        ...

    def environment(self) -> EnvironmentOutputs:
        """Outputs of the environment stack; raises `PreflightFailed` when it was never created."""
        ...

    def create_release(self, manifest: Manifest, desired_count: int) -> ReleaseOutputs:
        """Create the release's stack with so many tasks, or finish a creation that was cut off.

        A finished one is never changed.
        """
        ...

    def release_exists(self, release: ReleaseRef) -> bool:
        """Whether the release's stack exists and its creation was finished."""
        ...

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        """The outputs of an existing release stack."""
        ...

    def destroy_release(self, manifest: Manifest) -> None:
        """Destroy the stack and remove it; nothing to do when it is gone."""
        ...

    def apply_allocation(self, allocation: Allocation) -> None:
        """`up` of the environment stack, targeted at the listener, so that its weights are those of `allocation`."""
        ...

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        """What an `up` of the environment stack would change; writes nothing."""
        ...

    def preview_release(self, manifest: Manifest) -> StackDiff:
        """What an `up` of the release's stack would change; writes nothing."""
        ...
