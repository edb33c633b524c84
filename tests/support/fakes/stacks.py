"""The Stacks port in memory."""

from dataclasses import dataclass

from cutover.domain import Allocation, Manifest, ReleaseOutputs, ReleaseRef
from cutover.domain.errors import StepFailed
from cutover.ports import EnvironmentOutputs, StackDiff
from support.fakes.cloud import FakeCloud
from support.fakes.environment import OUTPUTS


@dataclass
class FakeStacks:
    """Implements `cutover.ports.Stacks`."""

    cloud: FakeCloud

    def create_platform(self) -> None:
        self.cloud.record_call("up platform")

    def create_environment(self, allocation: Allocation) -> None:
        self.apply_allocation(allocation)

    def environment(self) -> EnvironmentOutputs:
        return OUTPUTS

    def create_release(self, manifest: Manifest, desired_count: int) -> ReleaseOutputs:
        self.cloud.record_call(f"create {manifest.version}")
        if self.cloud.behaviour.get(manifest.version) == "cannot-be-created":
            raise StepFailed("STACK_FAILED", "aws:ecs:Service shop: AccessDenied")
        name = manifest.ref.release
        self.cloud.stacks[name] = manifest
        self.cloud.desired[name] = desired_count
        return self.outputs(manifest.ref)

    def release_exists(self, release: ReleaseRef) -> bool:
        return release.release in self.cloud.stacks

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        return ReleaseOutputs(
            cluster_arn=f"cluster/{release.release}",
            service_name=release.release,
            task_definition_arn=f"taskdef/{release.release}",
            target_group_arn=f"tg/{release.release}",
            security_group_id="sg-2",
            log_group_name="/log",
        )

    def destroy_release(self, manifest: Manifest) -> None:
        self.cloud.record_call(f"destroy {manifest.version}")
        name = manifest.ref.release
        if f"tg/{name}" in self.cloud.weights:
            raise StepFailed("STACK_FAILED", "target group is in use by a listener")
        self.cloud.stacks.pop(name, None)
        self.cloud.desired.pop(name, None)

    def apply_allocation(self, allocation: Allocation) -> None:
        self.cloud.record_call("up environment")
        self.cloud.write_weights(allocation)

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        return StackDiff(stack="prod", exists=True, changes=())

    def preview_release(self, manifest: Manifest) -> StackDiff:
        return StackDiff(stack=manifest.ref.release, exists=False, changes=())
