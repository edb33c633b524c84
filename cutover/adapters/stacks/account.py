"""The stacks that outlive environments: the platform of the account and Region, and the application's repositories."""

from collections.abc import Callable
from functools import partial

from pulumi.automation import Deployment

from cutover.adapters.stacks import state
from cutover.adapters.stacks.attempt import attempt
from cutover.adapters.stacks.owner import refuse_foreign_platform
from cutover.adapters.stacks.removal import remove_stack
from cutover.adapters.stacks.workspaces import Workspaces
from cutover.config import EnvironmentConfig
from cutover.config.state import PLATFORM_PROJECT
from cutover.ports import Kept

Open = Callable[[str, Callable[[str, Deployment], None]], Workspaces]
"""Opens the workspaces of a project, with a check of each exported state."""


class AccountStacks:
    """Creates and destroys both stacks. `own` are the workspaces of the application's project."""

    def __init__(self, config: EnvironmentConfig, open_workspaces: Open, own: Callable[[], Workspaces]) -> None:
        self._config, self._open, self._own = config, open_workspaces, own
        place = f"{config.provider.account_id}-{config.provider.region}"
        self._platform_name, self._repositories_name = place, f"repositories-{place}"

    def create_platform(self) -> None:
        """Create or update the platform stack."""
        from cutover.programs.platform import platform_program

        workspaces, name = self._platform(), self._platform_name
        exists = workspaces.export(name) is not None
        stack = workspaces.open(name, partial(platform_program, self._config), exists=exists)
        attempt(stack, partial(stack.up, color="never", suppress_progress=True))

    def create_repositories(self) -> None:
        """Create or update the repositories of the file, and update those that the stack has."""
        from cutover.programs.repositories import repositories_program

        name = self._repositories_name
        exported = self._own().export(name)
        names = self._known_repositories(exported)
        if not names:
            return
        protected = self._config.records.deletion_protection
        program = partial(repositories_program, self._config, names, protected=protected)
        stack = self._own().open(name, program, exists=exported is not None)
        attempt(stack, partial(stack.up, color="never", suppress_progress=True))

    def destroy(self, keep: frozenset[Kept]) -> None:
        """Destroy both. Kept images leave their whole stack as it is, so that a later bootstrap finds it."""
        from cutover.programs.platform import platform_to_destroy
        from cutover.programs.repositories import repositories_program

        if "images" not in keep:
            names = self._known_repositories(self._own().export(self._repositories_name))
            program = partial(repositories_program, self._config, names, protected=False)
            remove_stack(self._own(), self._repositories_name, program)
        remove_stack(self._platform(), self._platform_name, partial(platform_to_destroy, self._config, keep))

    def _known_repositories(self, exported: Deployment | None) -> tuple[str, ...]:
        """The repositories of the file and those that the stack has."""
        existing = state.outputs(exported).get("repositories", {}) if exported is not None else {}
        return tuple(sorted({*self._config.records.repositories, *existing}))

    def _platform(self) -> Workspaces:
        def check(stack: str, exported: Deployment) -> None:
            refuse_foreign_platform(stack, exported, self._config)

        return self._open(PLATFORM_PROJECT, check)
