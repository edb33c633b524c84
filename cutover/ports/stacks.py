"""Pulumi stacks: platform, environment and releases."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from cutover.domain import (
    Allocation,
    EnvironmentOutputs,
    Manifest,
    Release,
    ReleaseOutputs,
    ReleaseRef,
    StackIdentity,
)


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource of a preview.

    `op` is Pulumi's operation (create, update, replace, delete, same), `causes` are the properties that change.
    """

    op: str
    urn: str
    type: str
    name: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StackDiff:
    """The result of a preview of one stack; `exists` is False for a stack that is not created yet."""

    stack: str
    exists: bool
    changes: tuple[ResourceChange, ...]


Kept = Literal["records", "images", "logs"]
"""What a destroy of the platform can leave: the tables and the artifact bucket, or the container repositories."""


class Stacks(Protocol):
    """Creates, updates and destroys Pulumi stacks; a release is created once and then only destroyed.

    Every method raises `StepFailed` with the resource and AWS's reason when Pulumi fails, `TransientFailure` when the
    same call may succeed later, `PreflightFailed` when the state of the stacks cannot be reached, `Refused` when a
    stack of that name belongs to another application or account, `Interrupted` when the process received a signal to
    stop, and `LeaseLost` when this driver lost its lease during the call.
    """

    def identity(self) -> StackIdentity:
        """Where the stacks are: as recorded, or for an environment without a record as configured. Makes no call of
        Pulumi."""
        ...

    def create_store(self) -> None:
        """Create the bucket and the key of Pulumi's state, if they are the account's; check who owns the bucket.

        Raises:
            Refused: the bucket belongs to another account.
        """
        ...

    def settings(self) -> Mapping[str, str]:
        """The keys that Pulumi.ENV.yaml needs beside `config` for a plain `pulumi up`; empty where it needs none."""
        ...

    def create_platform(self) -> None:
        """Create or update the platform stack of this account and Region."""
        ...

    def create_repositories(self) -> None:
        """Create or update the application's repositories.

        A repository that another environment of the application has in its file stays.
        """
        ...

    def create_environment(self, allocation: Allocation) -> None:
        """Create or update the whole environment stack, with the weights of `allocation`."""
        ...

    def destroy_environment(self) -> None:
        """Take the deletion protection away and destroy the environment stack; do nothing when it does not exist."""
        ...

    def destroy_platform(self, keep: frozenset[Kept]) -> None:
        """Do the same with the platform stack; what `keep` names stays in AWS, protected, and in no stack."""
        ...

    def environment(self) -> EnvironmentOutputs:
        """The outputs of the environment stack; raises `PreflightFailed` when it does not exist or is incomplete."""
        ...

    def create_release(self, release: Release, desired_count: int) -> ReleaseOutputs:
        """Create the stack that the record names, with `desired_count` tasks, or complete an interrupted creation.

        A stack that was ever complete is neither changed nor destroyed, not even with a pending operation.
        """
        ...

    def release_exists(self, release: ReleaseRef) -> bool:
        """Whether the stack of the release exists and is complete."""
        ...

    def unknown_releases(self, known: frozenset[str]) -> tuple[str, ...]:
        """The stacks of this environment's releases whose names are not in `known`, sorted."""
        ...

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        """The outputs of the stack of a release; raises `StepFailed` when the stack does not exist or is incomplete."""
        ...

    def destroy_release(self, release: Release) -> None:
        """Destroy and remove the stack that the record names; do nothing when it does not exist.

        A repeat after a kill at any point also deletes what the killed attempt left behind outside Pulumi's state.
        """
        ...

    def apply_allocation(self, allocation: Allocation) -> None:
        """Update only the listener of the environment stack, to the weights of `allocation`, without look-ups."""
        ...

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        """What an update of the environment stack would change; changes nothing."""
        ...

    def preview_release(self, manifest: Manifest) -> StackDiff:
        """What the creation of a release's stack would create; changes nothing."""
        ...
