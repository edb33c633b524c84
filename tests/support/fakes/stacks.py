"""The Stacks port in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.domain import (
    Allocation,
    EnvironmentOutputs,
    Manifest,
    Release,
    ReleaseOutputs,
    ReleaseRef,
    StackIdentity,
)
from cutover.domain.errors import PreflightFailed, StepFailed
from cutover.ports import Kept, ResourceChange, StackDiff
from support.fakes.cloud import FakeCloud
from support.fakes.environment import IDENTITY, OUTPUTS

_ENVIRONMENT = "prod"
_LISTENER, _SERVICE = "aws:lb/listener:Listener", "aws:ecs/service:Service"


@dataclass
class FakeStacks:
    """Implements `cutover.ports.Stacks`; `cloud.before_call` can stop a creation or a destroy halfway.

    The name of a stack is the recorded one. Nothing here computes a digest.
    """

    cloud: FakeCloud

    def create_store(self) -> None:
        self.cloud.record_call("create the store")

    def settings(self) -> Mapping[str, str]:
        return {}

    def create_repositories(self) -> None:
        self.cloud.record_call("up repositories")

    def create_platform(self) -> None:
        self.cloud.record_call("up platform")

    def create_environment(self, allocation: Allocation) -> None:
        self.cloud.environment_exists = True
        self.apply_allocation(allocation)

    def destroy_environment(self) -> None:
        if not self.cloud.environment_exists:
            return
        self.cloud.record_call("destroy environment")
        self.cloud.environment_exists = False

    def destroy_platform(self, keep: frozenset[Kept]) -> None:
        self.cloud.record_call(f"destroy platform, keep {', '.join(sorted(keep)) or 'nothing'}")

    def identity(self) -> StackIdentity:
        return IDENTITY

    def environment(self) -> EnvironmentOutputs:
        if not self.cloud.environment_exists:
            raise PreflightFailed("ENVIRONMENT_MISSING", "the stack prod does not exist or is unfinished")
        return OUTPUTS

    def create_release(self, release: Release, desired_count: int) -> ReleaseOutputs:
        name, manifest = release.ref.release, release.manifest
        if name in self.cloud.stacks:
            self.cloud.pending.discard(name)
            return self.outputs(release.ref)
        self.cloud.record_call(f"create {manifest.version}")
        self.cloud.unfinished[name] = manifest
        self.cloud.before_call(f"finish creating {manifest.version}")
        if self.cloud.behaviour.get(manifest.version) == "cannot-be-created":
            raise StepFailed("PULUMI_FAILED", f"{name}: aws:ecs:Service shop: AccessDenied")
        self.cloud.stacks[name] = self.cloud.unfinished.pop(name)
        self.cloud.start_service(name, desired_count)
        return self.outputs(release.ref)

    def release_exists(self, release: ReleaseRef) -> bool:
        return release.release in self.cloud.stacks and release.release not in self.cloud.pending

    def unknown_releases(self, known: frozenset[str]) -> tuple[str, ...]:
        return tuple(sorted(self.cloud.stacks.keys() - known))

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        if release.release not in self.cloud.stacks:
            raise StepFailed("RELEASE_MISSING", f"the stack {release.release} is not whole")
        return ReleaseOutputs(
            cluster_arn=f"cluster/{release.release}",
            service_name=release.release,
            task_definition_arn=f"taskdef/{release.release}",
            target_group_arn=f"tg/{release.release}",
            security_group_id="sg-2",
            log_group_name="/log",
        )

    def destroy_release(self, release: Release) -> None:
        name, version = release.ref.release, release.ref.version
        if name not in self.cloud.stacks and name not in self.cloud.unfinished:
            return
        self.cloud.before_call(f"destroy {version}")
        if weight := self.cloud.weights.get(f"tg/{name}", 0):
            raise StepFailed("HAS_TRAFFIC", f"{name} has traffic, a weight of {weight}", "cutover status")
        self.cloud.calls.append(f"destroy {version}")
        if name in self.cloud.stacks:
            self.cloud.pending.add(name)
            self.cloud.before_call(f"delete the service of {version}")
            # The service uses the target group, so Pulumi deletes the service first.
            self.cloud.services.pop(name, None)
            self.cloud.unfinished[name] = self.cloud.stacks.pop(name)
            self.cloud.pending.discard(name)
        self.cloud.before_call(f"finish destroying {version}")
        if f"tg/{name}" in self.cloud.weights:
            raise StepFailed("PULUMI_FAILED", f"{name}: aws:lb:TargetGroup {name}: ResourceInUseException")
        del self.cloud.unfinished[name]

    def apply_allocation(self, allocation: Allocation) -> None:
        if not self.cloud.environment_exists:
            raise StepFailed("ENVIRONMENT_MISSING", "the environment stack has no listener")
        self.cloud.record_call("up environment")
        if missing := self.cloud.missing_target_groups(allocation):
            raise StepFailed("PULUMI_FAILED", f"prod: aws:lb:Listener: TargetGroupNotFoundException: {missing}")
        self.cloud.write_weights(allocation)

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        exists = self.cloud.environment_exists
        op = "create" if not exists else "same" if self.cloud.weights == allocation.positive() else "update"
        causes = ("defaultActions",) if op == "update" else ()
        return StackDiff(stack=_ENVIRONMENT, exists=exists, changes=(_change(op, _LISTENER, _ENVIRONMENT, causes),))

    def preview_release(self, manifest: Manifest) -> StackDiff:
        name = manifest.ref.release
        op = "same" if name in self.cloud.stacks else "create"
        exists = name in self.cloud.stacks or name in self.cloud.unfinished
        return StackDiff(stack=name, exists=exists, changes=(_change(op, _SERVICE, name, ()),))


def _change(op: str, resource_type: str, stack: str, causes: tuple[str, ...]) -> ResourceChange:
    name = f"{stack}-{resource_type.rpartition(':')[2].lower()}"
    return ResourceChange(op=op, urn=f"urn:pulumi:{stack}::{name}", type=resource_type, name=name, causes=causes)
