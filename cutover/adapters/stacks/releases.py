"""The stacks of releases: created once, never changed once they are complete, and destroyed without traffic only.

The name of a stack and the names of its AWS resources come from the recorded reference. No digest is computed here.
"""

from collections.abc import Callable
from functools import partial

from pulumi.automation import Deployment

from cutover.adapters.alb import AlbTraffic
from cutover.adapters.session import Session
from cutover.adapters.stacks import state
from cutover.adapters.stacks.attempt import attempt
from cutover.adapters.stacks.orphans import sweep
from cutover.adapters.stacks.workspaces import Program, Workspaces
from cutover.domain import Release, ReleaseOutputs, ReleaseRef
from cutover.domain.errors import StepFailed

_OUTPUTS = frozenset(ReleaseOutputs.model_fields)
_LEAVES = frozenset(
    {
        "aws:ecs/service:Service",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
"""Types of a release's resources on which no other resource depends. A destroy removes them first."""


class ReleaseStacks:
    """Creates, reads and destroys the stacks of releases.

    A stack is whole if its state has all outputs and leaves. A stack that is not whole, or with a creation that was cut
    off, can have resources in AWS that its state does not know: orphans. Whether it can is read from the state alone,
    where it stays until the stack is removed, so that a kill at any point loses nothing: no flag has to be written.
    Before a creation continues and before a destroy the orphans are deleted, and again after a destroy, because the
    plugin of a killed engine may finish one more creation. The destroy of a whole stack, the usual one, costs no call
    for it: a whole stack has no orphan, since each creation that continues first deletes those of the one before.
    """

    def __init__(
        self, workspaces: Workspaces, session: Session, program: Callable[[Release, int | None], Program]
    ) -> None:
        self._workspaces, self._session, self._program = workspaces, session, program
        self._traffic = AlbTraffic(session)

    def create(self, release: Release, desired_count: int) -> ReleaseOutputs:
        """See `cutover.ports.Stacks.create_release`."""
        name, program = release.ref.release, self._program(release, desired_count)
        exported = self._workspaces.export(name)
        if exported is not None and _is_whole(exported) and state.has_changing(exported):
            # Only AWS knows whether the deletion that was cut off has happened. A refresh changes nothing in AWS.
            stack = self._workspaces.open(name, program, exists=True)
            attempt(stack, partial(stack.refresh, color="never", suppress_progress=True))
            exported = self._workspaces.export(name)
        if exported is not None and _is_whole(exported):
            return _outputs_of(exported)
        # With traffic, a service that the state does not know may serve it. It stays until the destroy.
        if exported is not None and not self._weight(release, exported):
            sweep(self._session, release, keep=state.ids(exported))
        changing = exported is not None and state.has_changing(exported)
        stack = self._workspaces.open(name, program, exists=exported is not None)
        attempt(stack, partial(stack.up, refresh=changing, color="never", suppress_progress=True))
        return self.outputs(release.ref)

    def exists(self, release: ReleaseRef) -> bool:
        """See `cutover.ports.Stacks.release_exists`."""
        exported = self._workspaces.export(release.release)
        return exported is not None and _is_whole(exported) and not state.has_changing(exported)

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        """See `cutover.ports.Stacks.outputs`."""
        exported = self._workspaces.export(release.release)
        if exported is None or not _is_whole(exported):
            raise StepFailed(
                "RELEASE_MISSING", f"the stack {release.release} does not exist or is incomplete", "cutover releases"
            )
        return _outputs_of(exported)

    def destroy(self, release: Release) -> None:
        """See `cutover.ports.Stacks.destroy_release`; raises `StepFailed` when the release has traffic."""
        name = release.ref.release
        exported = self._workspaces.export(name)
        if exported is None:
            return
        can_have_orphans = not _is_whole(exported) or state.has_creating(exported)
        if can_have_orphans:
            self._require_no_traffic(release, exported)
            sweep(self._session, release, keep=state.ids(exported))
        stack = self._workspaces.open(name, self._program(release, None), exists=True)
        self._require_no_traffic(release, exported)
        refresh = state.has_changing(exported)
        attempt(stack, partial(stack.destroy, refresh=refresh, color="never", suppress_progress=True))
        if can_have_orphans:
            sweep(self._session, release, keep=frozenset())
        self._workspaces.remove(name)

    def _require_no_traffic(self, release: Release, exported: Deployment) -> None:
        if weight := self._weight(release, exported):
            name = release.ref.release
            message = f"{name} was not destroyed, because it has traffic: the listener gives it a weight of {weight}"
            raise StepFailed("HAS_TRAFFIC", message, "cutover status")

    def _weight(self, release: Release, exported: Deployment) -> int:
        """The weight of the release's target groups on the environment's listener, by ARN or by name."""
        known = state.ids(exported) | ({release.outputs.target_group_arn} if release.outputs else set())
        # arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
        name = f":targetgroup/{release.ref.resource_prefix(release.manifest.application)}"
        weights = self._traffic.weights(release.manifest.network.listener_arn)
        return sum(weight for arn, weight in weights.items() if arn in known or name in arn)


def _is_whole(exported: Deployment) -> bool:
    return state.is_whole(exported, _OUTPUTS, _LEAVES)


def _outputs_of(exported: Deployment) -> ReleaseOutputs:
    return ReleaseOutputs(**{key: state.outputs(exported)[key] for key in _OUTPUTS})
