"""The options before the verb: the environment, the output format, the project folder."""

import sys
from dataclasses import dataclass
from pathlib import Path

from cutover.config import EnvironmentConfig, load_environment
from cutover.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Context:
    """The options that every verb gets."""

    environment: str | None
    json: bool
    project: Path

    @property
    def live(self) -> bool:
        """Whether a person watches: stdout is a terminal, and the output is not JSON."""
        return not self.json and sys.stdout.isatty()

    def config(self) -> EnvironmentConfig:
        """The validated configuration of the chosen environment; raises `InvalidInput` with every error at once."""
        if self.environment is None:
            known = sorted(path.name.split(".")[1] for path in self.project.glob("Pulumi.*.yaml"))
            message = f"no environment was chosen; this folder has: {', '.join(known) or 'none'}"
            raise InvalidInput("ENVIRONMENT_MISSING", message, f"cutover -e {known[0] if known else 'ENV'} status")
        config = load_environment(self.project, self.environment)
        if config.provider.endpoint and config.state.backend is None:
            from cutover.cli.local.cloud import use_for_pulumi

            use_for_pulumi(config.provider.endpoint)
        return config
