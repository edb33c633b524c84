"""The folder in which Pulumi works: one for each driver, in which no other process selects a stack."""

import tempfile
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pulumi.automation import Deployment, LocalWorkspace, OutputMap, Stack, UpdateSummary

# Public in all but name: Stack's constructor takes it, while its class methods build plain Stacks only.
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import CommandError, StackNotFoundError

from cutover.adapters.stacks.command import EngineCommand
from cutover.adapters.stacks.failures import translate

PROJECT = "cutover"
Program = Callable[[], None]

# The same as in the files that people run `pulumi up` with: no resource may use a provider that was not configured.
_SETTINGS = "config:\n  pulumi:disable-default-providers:\n    - aws\n"


class Workspaces:
    """Opens stacks of the project with inline programs; the folder exists as long as this object."""

    def __init__(self, interruption: threading.Event) -> None:
        # The engine remembers the selected stack for each folder.
        self._folder = tempfile.TemporaryDirectory(prefix="cutover-")
        self._command = EngineCommand(interruption)
        settings = f"name: {PROJECT}\nruntime: python\n"
        (Path(self._folder.name) / "Pulumi.yaml").write_text(settings, encoding="utf-8")

    def open(self, name: str, program: Program, env: Mapping[str, str] | None = None, *, exists: bool) -> Stack:
        """The stack of that name with its program; created unless it exists."""
        file = Path(self._folder.name) / f"Pulumi.{name}.yaml"
        if not file.exists():
            file.write_text(_SETTINGS, encoding="utf-8")
        mode = StackInitMode.SELECT if exists else StackInitMode.CREATE
        try:
            return _LeanStack(name, self._workspace(program, env), mode)
        except CommandError as error:
            raise translate(name, str(error)) from error

    def export(self, name: str) -> Deployment | None:
        """The state of a stack; None where the stack does not exist."""
        try:
            return self._workspace(_nothing, None).export_stack(name)
        except StackNotFoundError:
            return None
        except CommandError as error:
            if "no stack named" in str(error):
                return None
            raise translate(name, str(error)) from error

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
            work_dir=self._folder.name, program=program, env_vars=dict(env or {}), pulumi_command=self._command
        )


class _LeanWorkspace(LocalWorkspace):
    """Selects no stack: every command names its stack, and all commands in a folder share one selection."""

    def select_stack(self, stack_name: str) -> None:
        """Do nothing, which saves one run of the engine."""


class _LeanStack(Stack):
    """Reads neither outputs nor history after an operation: the exported state holds what is needed.

    Automation API has no option to skip these three runs of the engine, which take a quarter of a second each.
    """

    def outputs(self) -> OutputMap:
        """Empty: `state.outputs` reads them from the exported state."""
        return {}

    def info(self, show_secrets: bool | None = None) -> UpdateSummary:  # noqa: FBT001  Automation API's signature
        """A constant: Automation API only checks that there was an update."""
        del show_secrets
        return _UPDATED


_UPDATED = UpdateSummary(
    kind="update", start_time=datetime.fromtimestamp(0, UTC), message="", environment={}, config={}, result="succeeded"
)


def _nothing() -> None:
    """The program of commands that run none."""
