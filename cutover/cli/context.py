"""What every verb gets from the command line's front: the environment, the form of the output, the project."""

import sys
from dataclasses import dataclass
from pathlib import Path

from cutover.config import EnvironmentConfig, load_environment
from cutover.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Context:
    """The options before the verb."""

    environment: str | None
    json: bool
    project: Path

    @property
    def live(self) -> bool:
        """Whether a person watches: a terminal, and no JSON asked for."""
        return not self.json and sys.stdout.isatty()

    def config(self) -> EnvironmentConfig:
        """The validated configuration of the chosen environment; raises `InvalidInput` with every error at once."""
        if self.environment is None:
            known = sorted(p.name.split(".")[1] for p in self.project.glob("Pulumi.*.yaml"))
            raise InvalidInput(
                "ENVIRONMENT_MISSING", f"which environment? here are: {', '.join(known) or 'none'}", "cutover -e ENV …"
            )
        config = load_environment(self.project, self.environment)
        if config.provider.endpoint:
            from cutover.cli.local import use_for_pulumi

            use_for_pulumi(config.provider.endpoint)
        return config
