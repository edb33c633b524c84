"""The Stacks port: updates the environment stack, and creates and destroys release stacks, which it never updates."""

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol

from pulumi.automation import Deployment

from cutover.adapters.session import Session
from cutover.adapters.stacks import state
from cutover.adapters.stacks.account import AccountStacks
from cutover.adapters.stacks.attempt import attempt
from cutover.adapters.stacks.command import EngineCommand
from cutover.adapters.stacks.locks import Locks, RecordedRuns, record_run
from cutover.adapters.stacks.owner import refuse_foreign
from cutover.adapters.stacks.previews import Changes
from cutover.adapters.stacks.releases import ReleaseStacks
from cutover.adapters.stacks.removal import remove_stack
from cutover.adapters.stacks.store import StateBucket
from cutover.adapters.stacks.variables import engine_variables
from cutover.adapters.stacks.workspaces import Program, Workspaces
from cutover.config import EnvironmentConfig
from cutover.config.state import StateStore, state_store
from cutover.domain import (
    Allocation,
    EnvironmentOutputs,
    EnvironmentRecord,
    Manifest,
    Release,
    ReleaseOutputs,
    ReleaseRef,
    StackIdentity,
)
from cutover.domain.errors import CutoverError, PreflightFailed, Refused, StepFailed
from cutover.ports import Kept, StackDiff

if TYPE_CHECKING:
    from cutover.programs.listener import RecordedListener

_log = logging.getLogger("cutover.engine")
_LISTENER = "aws:lb/listener:Listener"
_ENVIRONMENT = frozenset(EnvironmentOutputs.model_fields)


class StackRecords(RecordedRuns, Protocol):
    """The part of the ledger that is about stacks."""

    def environment(self) -> EnvironmentRecord | None:
        """The entry of the environment."""
        ...


class PulumiStacks:
    """Implements `cutover.ports.Stacks` by the Pulumi engine and the programs of `cutover.programs`.

    While `interruption` or `lease_lost` is set, no command of the engine starts, and a running one is stopped.
    `records` are the ledger's entries of stacks.

    Raises:
        InvalidInput: the shell and the configuration name different backends.
        PreflightFailed: there is no Pulumi engine.
    """

    def __init__(
        self,
        config: EnvironmentConfig,
        session: Session,
        interruption: threading.Event,
        lease_lost: threading.Event,
        records: "StackRecords",
    ) -> None:
        self._config, self._session, self._records = config, session, records
        self._command = EngineCommand(interruption, lease_lost, config.interrupt_grace)
        self._command.on_update = self._record_run
        self._store: StateStore = state_store(config, os.environ)
        self._bucket = StateBucket(session, self._store)

    def identity(self) -> StackIdentity:
        """See `cutover.ports.Stacks`."""
        return self._identity

    def environment(self) -> EnvironmentOutputs:
        """See `cutover.ports.Stacks`."""
        name = self._identity.stack
        exported = self._workspaces.export(name)
        if exported is None and self._record is not None:
            raise self._lost(self._record)
        if exported is None or not state.is_whole(exported, _ENVIRONMENT, frozenset({_LISTENER})):
            message = f"the stack {name} of the project {self._identity.project} does not exist or is incomplete"
            raise PreflightFailed("ENVIRONMENT_MISSING", message, "cutover bootstrap")
        return EnvironmentOutputs(**{key: state.outputs(exported)[key] for key in _ENVIRONMENT})

    def create_release(self, release: Release, desired_count: int) -> ReleaseOutputs:
        """See `cutover.ports.Stacks`."""
        return self._releases.create(release, desired_count)

    def release_exists(self, release: ReleaseRef) -> bool:
        """See `cutover.ports.Stacks`."""
        return self._releases.exists(release)

    def unknown_releases(self, known: frozenset[str]) -> tuple[str, ...]:
        """See `cutover.ports.Stacks`. The tags in the state tell a release of `prod` from one of `prod-eu`."""
        prefix = f"{self._identity.stack}-"
        names = [name for name in self._workspaces.names() if name.startswith(prefix) and name not in known]
        return tuple(sorted(name for name in names if self._is_own(name)))

    def _is_own(self, name: str) -> bool:
        try:
            return self._workspaces.export(name) is not None
        except Refused as refused:
            if refused.code != "FOREIGN_STACK":
                raise
            return False

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

        name, workspaces = self._identity.stack, self._workspaces
        with ThreadPoolExecutor(1, thread_name_prefix="export") as pool:
            recorded = pool.submit(self._recorded_listener)
            stack = workspaces.open(
                name, lambda: listener_program(self._config, allocation, recorded.result()), exists=True
            )
            target = listener_urn(workspaces.project, name)
            try:
                attempt(stack, partial(stack.up, target=[target], color="never", suppress_progress=True))
            except StepFailed:
                # Without a recorded listener the update fails too, and says less.
                recorded.result()
                raise

    def _recorded_listener(self) -> "RecordedListener":
        """The listener in the state; raises `StepFailed` when there is none."""
        from cutover.programs.listener import RecordedListener

        exported = self._workspaces.export(self._identity.stack)
        listener = state.resource_of(exported, _LISTENER) if exported is not None else None
        if exported is None or listener is None:
            raise StepFailed("ENVIRONMENT_MISSING", "the environment stack has no listener", "cutover bootstrap")
        return RecordedListener(listener["inputs"], listener.get("dependencies") or (), state.outputs(exported))

    def create_store(self) -> None:
        """See `cutover.ports.Stacks`."""
        self._bucket.create()

    def settings(self) -> Mapping[str, str]:
        """See `cutover.ports.Stacks`."""
        return self._workspaces.key_settings(self._identity.stack)

    def create_platform(self) -> None:
        """See `cutover.ports.Stacks`."""
        self._account.create_platform()

    def create_repositories(self) -> None:
        """See `cutover.ports.Stacks`."""
        self._account.create_repositories()

    def create_environment(self, allocation: Allocation) -> None:
        """See `cutover.ports.Stacks`."""
        name, program = self._identity.stack, self._environment_program(allocation)
        exists = self._workspaces.export(name) is not None
        if not exists and self._record is not None:
            raise self._lost(self._record)
        stack = self._workspaces.open(name, program, exists=exists)
        attempt(stack, partial(stack.up, color="never", suppress_progress=True))

    def destroy_environment(self) -> None:
        """See `cutover.ports.Stacks`."""
        from cutover.programs.environment import environment_program

        balancer = self._config.load_balancer.model_copy(update={"deletion_protection": False})
        unprotected = self._config.model_copy(update={"load_balancer": balancer})
        program = partial(environment_program, unprotected, Allocation())
        remove_stack(self._workspaces, self._identity.stack, program)

    def destroy_platform(self, keep: frozenset[Kept]) -> None:
        """See `cutover.ports.Stacks`."""
        self._account.destroy(keep)

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        """See `cutover.ports.Stacks`."""
        return self._preview(self._identity.stack, self._environment_program(allocation))

    def preview_release(self, manifest: Manifest) -> StackDiff:
        """See `cutover.ports.Stacks`."""
        program = self._program_of(manifest, manifest.ref, None)
        return self._preview(manifest.ref.release, program)

    @cached_property
    def _record(self) -> EnvironmentRecord | None:
        try:
            return self._records.environment()
        except PreflightFailed as missing:
            # Before the first bootstrap there are no tables.
            if missing.code != "RECORDS_MISSING":
                raise
            return None

    @cached_property
    def _identity(self) -> StackIdentity:
        if self._record is not None:
            return self._record.identity.model_copy(update={"backend": self._store.name})
        config = self._config
        return StackIdentity(
            project=config.project,
            stack=config.environment,
            account_id=config.provider.account_id,
            region=config.provider.region,
            backend=self._store.name,
        )

    @cached_property
    def _workspaces(self) -> Workspaces:
        project = self._identity.project

        def check(stack: str, exported: Deployment) -> None:
            refuse_foreign(project, stack, exported, self._config)

        return self._open(project, check)

    def _open(self, project: str, check: Callable[[str, Deployment], None]) -> Workspaces:
        self._bucket.check()
        variables = engine_variables(self._config, self._store)
        locks = Locks(self._records, project, self._config.interrupt_grace, self._command.pause)
        return Workspaces(
            self._command, project, variables, check, secrets_provider=self._store.secrets_provider, locks=locks
        )

    def _record_run(self, stack: str, pid: int) -> None:
        try:
            record_run(self._records, stack, pid)
        except CutoverError as error:
            if error.code == "RECORDS_MISSING":
                # The first run of the engine creates the tables.
                return
            # Without the record a lock of this run can only be removed by a person.
            _log.warning("the run of the engine on %s is not recorded: %s", stack, error.message)

    @cached_property
    def _account(self) -> AccountStacks:
        return AccountStacks(self._config, self._open, lambda: self._workspaces)

    @cached_property
    def _releases(self) -> ReleaseStacks:
        return ReleaseStacks(self._workspaces, self._session, self._release_program)

    def _lost(self, record: EnvironmentRecord) -> Refused:
        identity = record.identity
        message = (
            f"the records say that the stack {identity.stack} of the project {identity.project} is in "
            f"{identity.backend}, but {self._store.name} has no such stack; choose that backend, or restore the "
            "state (docs/state.md)"
        )
        return Refused("STATE_LOST", message, "cutover state check")

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
