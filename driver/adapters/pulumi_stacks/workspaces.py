"""Where Pulumi works: a folder of our own for each driver, in which no other process selects a stack."""

import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from pulumi.automation import Deployment, LocalWorkspace, Stack
from pulumi.automation.errors import CommandError, StackNotFoundError

from driver.adapters.pulumi_stacks.command import EngineCommand
from driver.adapters.pulumi_stacks.failures import translate

PROJECT = "cutover"
Program = Callable[[], None]

# The same as in the files that people run `pulumi up` with: no resource may use a provider that was not configured.
_SETTINGS = "config:\n  pulumi:disable-default-providers:\n    - aws\n"


class Workspaces:
    """Opens stacks of the project for inline programs; the folder lives as long as this object."""

    def __init__(self, interruption: threading.Event) -> None:
        # A work folder of our own: the engine keeps the selected stack by folder.
        self._folder = tempfile.TemporaryDirectory(prefix="cutover-")
        self._command = EngineCommand(interruption)
        settings = f"name: {PROJECT}\nruntime: python\n"
        (Path(self._folder.name) / "Pulumi.yaml").write_text(settings, encoding="utf-8")

    def open(self, name: str, program: Program, env: Mapping[str, str] | None = None) -> Stack:
        """The stack of that name with its program; made where there is none."""
        file = Path(self._folder.name) / f"Pulumi.{name}.yaml"
        if not file.exists():
            file.write_text(_SETTINGS, encoding="utf-8")
        return Stack.create_or_select(name, self._workspace(program, env))

    def export(self, name: str) -> Deployment | None:
        """The state of a stack; None where there is no such stack."""
        try:
            return self._workspace(_nothing, None).export_stack(name)
        except StackNotFoundError:
            return None
        except CommandError as error:
            if "no stack named" in str(error):
                return None
            raise translate(name, str(error)) from error

    def remove(self, name: str) -> None:
        """Forget a destroyed stack with its history."""
        workspace = self._workspace(_nothing, None)
        workspace.remove_stack(name)
        (Path(self._folder.name) / f"Pulumi.{name}.yaml").unlink(missing_ok=True)

    def _workspace(self, program: Program, env: Mapping[str, str] | None) -> LocalWorkspace:
        return LocalWorkspace(
            work_dir=self._folder.name, program=program, env_vars=dict(env or {}), pulumi_command=self._command
        )


def _nothing() -> None:
    """The program of commands that run none."""
