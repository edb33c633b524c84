"""The Stacks port: updates the environment stack, and creates and destroys release stacks, which it never updates."""

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from cutover.adapters.session import Session
from cutover.adapters.stacks import state
from cutover.adapters.stacks.attempt import attempt
from cutover.adapters.stacks.command import EngineCommand
from cutover.adapters.stacks.previews import Changes
from cutover.adapters.stacks.releases import ReleaseStacks
from cutover.adapters.stacks.removal import remove_stack
from cutover.adapters.stacks.workspaces import PROJECT, Program, Workspaces
from cutover.config import EnvironmentConfig
from cutover.domain import Allocation, Manifest, Release, ReleaseOutputs, ReleaseRef
from cutover.domain.errors import PreflightFailed, StepFailed
from cutover.ports import EnvironmentOutputs, Kept, StackDiff

if TYPE_CHECKING:
    from cutover.programs.listener import RecordedListener

_LISTENER = "aws:lb/listener:Listener"
_ENVIRONMENT = frozenset(EnvironmentOutputs.__slots__)


class PulumiStacks:
    """Implements `cutover.ports.Stacks` by the Pulumi engine and the programs of `cutover.programs`.

    While `interruption` or `lease_lost` is set, no command of the engine starts, and a running one is stopped.
    """

    def __init__(
        self,
        config: EnvironmentConfig,
        session: Session,
        interruption: threading.Event,
        lease_lost: threading.Event,
    ) -> None:
        self._config = config
        self._workspaces = Workspaces(EngineCommand(interruption, lease_lost, config.interrupt_grace))
        self._releases = ReleaseStacks(self._workspaces, session, self._release_program)

    def environment(self) -> EnvironmentOutputs:
        """See `cutover.ports.Stacks`."""
        exported = self._workspaces.export(self._config.environment)
        if exported is None or not state.is_whole(exported, _ENVIRONMENT, frozenset({_LISTENER})):
            raise PreflightFailed(
                "ENVIRONMENT_MISSING",
                f"the stack {self._config.environment} does not exist or is incomplete",
                "cutover bootstrap",
            )
        values = {key: state.outputs(exported)[key] for key in _ENVIRONMENT}
        values["subnet_ids"] = tuple(values["subnet_ids"])
        values["listener_port"] = int(values["listener_port"])
        return EnvironmentOutputs(**values)

    def create_release(self, release: Release, desired_count: int) -> ReleaseOutputs:
        """See `cutover.ports.Stacks`."""
        return self._releases.create(release, desired_count)

    def release_exists(self, release: ReleaseRef) -> bool:
        """See `cutover.ports.Stacks`."""
        return self._releases.exists(release)

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        """See `cutover.ports.Stacks`."""
        return self._releases.outputs(release)

    def destroy_release(self, release: Release) -> None:
        """See `cutover.ports.Stacks`; raises `StepFailed` when the listener gives the release traffic."""
        self._releases.destroy(release)

    def apply_allocation(self, allocation: Allocation) -> None:
        """See `cutover.ports.Stacks`: runs the program of the listener alone, on the exported state.

        The export runs while the engine of the update starts: a fifth of the time of a change of weights.
        """
        from cutover.programs.listener import listener_program, listener_urn

        name = self._config.environment
        with ThreadPoolExecutor(1, thread_name_prefix="export") as pool:
            recorded = pool.submit(self._recorded_listener)
            stack = self._workspaces.open(
                name, lambda: listener_program(self._config, allocation, recorded.result()), exists=True
            )
            target = listener_urn(PROJECT, name)
            try:
                attempt(stack, partial(stack.up, target=[target], color="never", suppress_progress=True))
            except StepFailed:
                # Without a recorded listener the update fails too, and says less.
                recorded.result()
                raise

    def _recorded_listener(self) -> "RecordedListener":
        """The listener in the state; raises `StepFailed` when there is none."""
        from cutover.programs.listener import RecordedListener

        exported = self._workspaces.export(self._config.environment)
        listener = state.resource_of(exported, _LISTENER) if exported is not None else None
        if exported is None or listener is None:
            raise StepFailed("ENVIRONMENT_MISSING", "the environment stack has no listener", "cutover bootstrap")
        return RecordedListener(listener["inputs"], listener.get("dependencies") or (), state.outputs(exported))

    def create_platform(self) -> None:
        """See `cutover.ports.Stacks`."""
        name = f"platform-{self._config.provider.region}"
        exists = self._workspaces.export(name) is not None
        stack = self._workspaces.open(name, self._platform_program(), exists=exists)
        attempt(stack, partial(stack.up, color="never", suppress_progress=True))

    def create_environment(self, allocation: Allocation) -> None:
        """See `cutover.ports.Stacks`."""
        name, program = self._config.environment, self._environment_program(allocation)
        stack = self._workspaces.open(name, program, exists=self._workspaces.export(name) is not None)
        attempt(stack, partial(stack.up, color="never", suppress_progress=True))

    def destroy_environment(self) -> None:
        """See `cutover.ports.Stacks`."""
        from cutover.programs.environment import environment_program

        balancer = self._config.load_balancer.model_copy(update={"deletion_protection": False})
        unprotected = self._config.model_copy(update={"load_balancer": balancer})
        program = partial(environment_program, unprotected, Allocation())
        remove_stack(self._workspaces, self._config.environment, program)

    def destroy_platform(self, keep: frozenset[Kept]) -> None:
        """See `cutover.ports.Stacks`."""
        from cutover.programs.platform import platform_to_destroy

        program = partial(platform_to_destroy, self._config, keep)
        remove_stack(self._workspaces, f"platform-{self._config.provider.region}", program)

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        """See `cutover.ports.Stacks`."""
        return self._preview(self._config.environment, self._environment_program(allocation))

    def preview_release(self, manifest: Manifest) -> StackDiff:
        """See `cutover.ports.Stacks`."""
        program = self._program_of(manifest, manifest.ref, None)
        return self._preview(manifest.ref.release, program)

    def _preview(self, name: str, program: Program) -> StackDiff:
        changes = Changes()
        if self._workspaces.export(name) is not None:
            stack = self._workspaces.open(name, program, exists=True)
            attempt(stack, partial(stack.preview, on_event=changes, color="never", suppress_progress=True))
            return changes.diff(name, exists=True)
        # A preview needs a stack: create it in a temporary backend, which is deleted afterwards.
        with tempfile.TemporaryDirectory(prefix="cutover-preview-") as folder:
            env = {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": "preview"}
            stack = self._workspaces.open(name, program, env, exists=False)
            attempt(stack, partial(stack.preview, on_event=changes, color="never", suppress_progress=True))
        # The settings file has the salt of the temporary backend's passphrase, which would make a later creation fail.
        self._workspaces.remove_settings(name)
        return changes.diff(name, exists=False)

    def _environment_program(self, allocation: Allocation) -> Program:
        from cutover.programs.environment import environment_program

        return partial(environment_program, self._config, allocation)

    def _release_program(self, release: Release, desired_count: int | None) -> Program:
        return self._program_of(release.manifest, release.ref, desired_count)

    def _program_of(self, manifest: Manifest, ref: ReleaseRef, desired_count: int | None) -> Program:
        from cutover.programs.release import release_program

        return partial(release_program, self._config.provider, manifest, ref, desired_count)

    def _platform_program(self) -> Program:
        from cutover.programs.platform import platform_program

        return partial(platform_program, self._config)
