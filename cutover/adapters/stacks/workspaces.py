"""The working folder of Pulumi. Each driver has its own, so that no other process selects a stack in it."""

import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pulumi.automation import Deployment, LocalWorkspace, OutputMap, Stack, UpdateSummary

# Stack's constructor needs this enumeration, and no public module exports it.
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import CommandError, StackNotFoundError

from cutover.adapters.stacks import state
from cutover.adapters.stacks.command import EngineCommand
from cutover.adapters.stacks.failures import translate
from cutover.adapters.stacks.locks import Locks
from cutover.config.state import PASSPHRASE, SERVICE
from cutover.domain.errors import TransientFailure

# A program whose engine was interrupted or killed fails with a traceback. The error of the command says what happened,
# and Pulumi's diagnostics report all errors of a program itself.
logging.getLogger("grpc._server").setLevel(logging.CRITICAL)

Program = Callable[[], None]

# No resource may use a provider that is not configured, as in the stack files of the project.
_SETTINGS = "config:\n  pulumi:disable-default-providers:\n    - aws\n"


class Workspaces:
    """Opens stacks of one project with inline programs. The working folder exists as long as this object.

    `variables` are set for every command. `secrets_provider` encrypts the secrets of new stacks. `check` is called with
    each exported state before it is used.
    """

    def __init__(
        self,
        command: EngineCommand,
        project: str,
        variables: Mapping[str, str],
        check: Callable[[str, Deployment], None],
        *,
        secrets_provider: str,
        locks: Locks,
    ) -> None:
        # The engine remembers the selected stack for each folder.
        self._folder = tempfile.TemporaryDirectory(prefix="cutover-")
        self._command, self._variables, self._check = command, dict(variables), check
        self.project, self._secrets_provider, self._locks = project, secrets_provider, locks
        self._keys: dict[str, Mapping[str, str]] = {}
        """Stack → the keys of its settings file that name what encrypts its secrets."""
        settings = f"name: {project}\nruntime: python\n"
        (Path(self._folder.name) / "Pulumi.yaml").write_text(settings, encoding="utf-8")

    def open(self, name: str, program: Program, env: Mapping[str, str] | None = None, *, exists: bool) -> "LeanStack":
        """Select the stack if `exists`, else create it."""
        file = Path(self._folder.name) / f"Pulumi.{name}.yaml"
        if exists:
            file.write_text(_SETTINGS + _lines(self.key_settings(name)), encoding="utf-8")
        elif not file.exists():
            file.write_text(_SETTINGS, encoding="utf-8")
        mode = StackInitMode.SELECT if exists else StackInitMode.CREATE
        try:
            return LeanStack(name, self._workspace(program, env), mode, self._locks)
        except CommandError as error:
            raise translate(name, str(error)) from error

    def export(self, name: str) -> Deployment | None:
        """The state of a stack, with its secrets encrypted; None if the stack does not exist.

        Raises:
            Refused: the stack belongs to another application or account.
        """
        try:
            exported = Deployment(**json.loads(self._export(name)))
        except StackNotFoundError:
            return None
        except CommandError as error:
            if "no stack named" in str(error):
                return None
            raise translate(name, str(error)) from error
        self._check(name, exported)
        self._keys[name] = state.key_settings(exported)
        return exported

    def names(self) -> tuple[str, ...]:
        """The names of the project's stacks."""
        try:
            listed = self._command.run(["stack", "ls", "--json"], self._folder.name, self._variables).stdout
        except CommandError as error:
            raise translate(self.project, str(error)) from error
        # A backend that knows organizations writes `organization/project/name`.
        return tuple(str(each["name"]).rpartition("/")[2] for each in json.loads(listed))

    def key_settings(self, name: str) -> Mapping[str, str]:
        """The keys that the settings file of an existing stack needs: the engine does not read them in the state."""
        if self._secrets_provider not in (PASSPHRASE, SERVICE) and name not in self._keys:
            self.export(name)
        return self._keys.get(name, {})

    def _export(self, name: str) -> str:
        """The state as JSON. Automation API's `export_stack` also decrypts it: half a second with a passphrase."""
        arguments = ["stack", "export", "--stack", name]
        try:
            return self._command.run(arguments, self._folder.name, self._variables).stdout
        except TransientFailure:
            # Somebody killed the engine. An export changes nothing.
            return self._command.run(arguments, self._folder.name, self._variables).stdout

    def remove(self, name: str) -> None:
        """Remove a destroyed stack and its history from the backend."""
        workspace = self._workspace(_nothing, None)
        workspace.remove_stack(name)
        self.remove_settings(name)

    def remove_settings(self, name: str) -> None:
        """Delete the stack's settings file, into which the engine writes the salt of its backend's passphrase."""
        (Path(self._folder.name) / f"Pulumi.{name}.yaml").unlink(missing_ok=True)

    def _workspace(self, program: Program, env: Mapping[str, str] | None) -> LocalWorkspace:
        return _LeanWorkspace(
            work_dir=self._folder.name,
            program=program,
            env_vars={**self._variables, **(env or {})},
            pulumi_command=self._command,
            secrets_provider=None if env else self._secrets_provider,
        )


class _LeanWorkspace(LocalWorkspace):
    """Selects no stack, because every command names its stack."""

    def select_stack(self, stack_name: str) -> None:
        """Do nothing, which saves one run of the engine."""


class LeanStack(Stack):
    """Reads no outputs and no history after an operation: the exported state has what the adapter needs.

    Each of these three reads is a run of the engine, a quarter of a second, and Automation API cannot skip it.
    """

    def __init__(self, name: str, workspace: LocalWorkspace, mode: StackInitMode, locks: Locks) -> None:
        super().__init__(name, workspace, mode)
        self.locks = locks

    def outputs(self) -> OutputMap:
        """Empty: `state.outputs` reads them from the exported state."""
        return {}

    def info(self, show_secrets: bool | None = None) -> UpdateSummary:  # noqa: FBT001  Automation API's signature
        """A constant: Automation API checks only that an update exists."""
        del show_secrets
        return _UPDATED


_UPDATED = UpdateSummary(
    kind="update", start_time=datetime.fromtimestamp(0, UTC), message="", environment={}, config={}, result="succeeded"
)


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())


def _nothing() -> None:
    """The empty program, for commands that run no program."""
