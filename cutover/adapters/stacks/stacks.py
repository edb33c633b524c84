"""The Stacks port: updates the environment stack, and creates and destroys release stacks, which it never updates."""

import tempfile
import threading
from collections.abc import Callable
from functools import partial

from pulumi.automation import Deployment, Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError

from cutover.adapters.session import Session
from cutover.adapters.stacks import state
from cutover.adapters.stacks.failures import lock_is_stale, translate
from cutover.adapters.stacks.orphans import sweep_rest, sweep_users
from cutover.adapters.stacks.previews import Changes
from cutover.adapters.stacks.workspaces import Program, Workspaces
from cutover.config import EnvironmentConfig
from cutover.domain import Allocation, Manifest, ReleaseOutputs, ReleaseRef
from cutover.domain.errors import CutoverError, PreflightFailed, StepFailed, TransientFailure
from cutover.ports import EnvironmentOutputs, StackDiff

_LISTENER = "aws:lb/listener:Listener"
_RELEASE = frozenset(ReleaseOutputs.model_fields)
_LEAVES = frozenset(
    {
        "aws:ecs/service:Service",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
"""Types of a release's resources on which no other resource depends. A destroy removes them first."""
_ENVIRONMENT = frozenset(EnvironmentOutputs.__slots__)


class PulumiStacks:
    """Implements `cutover.ports.Stacks` by the Pulumi engine and the programs of `cutover.programs`."""

    def __init__(self, config: EnvironmentConfig, session: Session, interruption: threading.Event) -> None:
        self._config = config
        self._session = session
        self._workspaces = Workspaces(interruption)

    def environment(self) -> EnvironmentOutputs:
        """See `cutover.ports.Stacks`."""
        exported = self._workspaces.export(self._config.environment)
        if exported is None or not state.is_finished(exported, _ENVIRONMENT):
            raise PreflightFailed(
                "ENVIRONMENT_MISSING",
                f"the stack {self._config.environment} does not exist or is incomplete",
                "cutover bootstrap",
            )
        values = {key: state.outputs(exported)[key] for key in _ENVIRONMENT}
        values["subnet_ids"] = tuple(values["subnet_ids"])
        values["listener_port"] = int(values["listener_port"])
        return EnvironmentOutputs(**values)

    def create_release(self, manifest: Manifest, desired_count: int) -> ReleaseOutputs:
        """See `cutover.ports.Stacks`."""
        name = manifest.ref.release
        exported = self._workspaces.export(name)
        if exported is not None and state.is_finished(exported, _RELEASE, _LEAVES):
            return _release_outputs(exported)
        if exported is not None and state.has_pending(exported):
            # The driver died while it created a resource, which may exist in AWS without an id in the state. No user
            # traffic reaches the release yet, so destroy it and create it again.
            self.destroy_release(manifest)
            exported = None
        program = self._release_program(manifest, desired_count)
        stack = self._workspaces.open(name, program, exists=exported is not None)
        _attempt(stack, partial(stack.up, color="never", suppress_progress=True))
        return self.outputs(manifest.ref)

    def release_exists(self, release: ReleaseRef) -> bool:
        """See `cutover.ports.Stacks`."""
        exported = self._workspaces.export(release.release)
        return exported is not None and state.is_finished(exported, _RELEASE, _LEAVES)

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        """See `cutover.ports.Stacks`."""
        exported = self._workspaces.export(release.release)
        if exported is None or not state.is_finished(exported, _RELEASE, _LEAVES):
            raise StepFailed(
                "RELEASE_MISSING", f"the stack {release.release} does not exist or is incomplete", "cutover releases"
            )
        return _release_outputs(exported)

    def destroy_release(self, manifest: Manifest) -> None:
        """See `cutover.ports.Stacks`."""
        name = manifest.ref.release
        exported = self._workspaces.export(name)
        if exported is None:
            return
        stack = self._workspaces.open(name, self._release_program(manifest), exists=True)
        interrupted = state.has_pending(exported)
        if interrupted:
            _attempt(stack, partial(stack.refresh, clear_pending_creates=True, color="never"))
            sweep_users(self._session, manifest)
        _attempt(stack, partial(stack.destroy, color="never", suppress_progress=True))
        if interrupted:
            sweep_rest(self._session, manifest)
        self._workspaces.remove(name)

    def apply_allocation(self, allocation: Allocation) -> None:
        """See `cutover.ports.Stacks`: updates only the listener (`pulumi up --target`)."""
        exported = self._workspaces.export(self._config.environment)
        listener = state.urn_of(exported, _LISTENER) if exported is not None else None
        if listener is None:
            raise StepFailed("ENVIRONMENT_MISSING", "the environment stack has no listener", "cutover bootstrap")
        program = self._environment_program(allocation)
        stack = self._workspaces.open(self._config.environment, program, exists=True)
        _attempt(stack, partial(stack.up, target=[listener], color="never", suppress_progress=True))

    def create_platform(self) -> None:
        """See `cutover.ports.Stacks`."""
        name = f"platform-{self._config.provider.region}"
        exists = self._workspaces.export(name) is not None
        stack = self._workspaces.open(name, self._platform_program(), exists=exists)
        _attempt(stack, partial(stack.up, color="never", suppress_progress=True))

    def create_environment(self, allocation: Allocation) -> None:
        """See `cutover.ports.Stacks`."""
        name, program = self._config.environment, self._environment_program(allocation)
        stack = self._workspaces.open(name, program, exists=self._workspaces.export(name) is not None)
        _attempt(stack, partial(stack.up, color="never", suppress_progress=True))

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        """See `cutover.ports.Stacks`."""
        return self._preview(self._config.environment, self._environment_program(allocation))

    def preview_release(self, manifest: Manifest) -> StackDiff:
        """See `cutover.ports.Stacks`."""
        return self._preview(manifest.ref.release, self._release_program(manifest))

    def _preview(self, name: str, program: Program) -> StackDiff:
        changes = Changes()
        if self._workspaces.export(name) is not None:
            stack = self._workspaces.open(name, program, exists=True)
            _attempt(stack, partial(stack.preview, on_event=changes, color="never", suppress_progress=True))
            return changes.diff(name, exists=True)
        # A preview needs a stack: create it in a temporary backend, which is deleted afterwards.
        with tempfile.TemporaryDirectory(prefix="cutover-preview-") as folder:
            env = {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": "preview"}
            stack = self._workspaces.open(name, program, env, exists=False)
            _attempt(stack, partial(stack.preview, on_event=changes, color="never", suppress_progress=True))
        # The settings file has the salt of the temporary backend's passphrase, which would make a later creation fail.
        self._workspaces.remove_settings(name)
        return changes.diff(name, exists=False)

    def _environment_program(self, allocation: Allocation) -> Program:
        from cutover.programs.environment import environment_program

        return partial(environment_program, self._config, allocation)

    def _release_program(self, manifest: Manifest, desired_count: int | None = None) -> Program:
        from cutover.programs.release import release_program

        return partial(release_program, self._config.provider, manifest, desired_count)

    def _platform_program(self) -> Program:
        from cutover.programs.platform import platform_program

        return partial(platform_program, self._config)


def _attempt(stack: Stack, operation: Callable[[], object]) -> None:
    """Run the operation. If a dead process of this machine left a lock on the stack, remove it and try again."""
    try:
        operation()
    except ConcurrentUpdateError as locked:
        if not lock_is_stale(str(locked)):
            message = f"another process updates the stack {stack.name}"
            raise TransientFailure("STACK_LOCKED", message, f"pulumi stack -s {stack.name}") from locked
        stack.cancel()
        _attempt_once(stack, operation)
    except CutoverError:
        raise
    except CommandError as error:
        raise translate(stack.name, str(error)) from error


def _attempt_once(stack: Stack, operation: Callable[[], object]) -> None:
    try:
        operation()
    except CommandError as error:
        raise translate(stack.name, str(error)) from error


def _release_outputs(exported: Deployment) -> ReleaseOutputs:
    return ReleaseOutputs(**{key: state.outputs(exported)[key] for key in _RELEASE})
