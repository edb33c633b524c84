"""Hide the values of this process's secret environment variables in a text that is recorded or printed."""

import os

from cutover.domain.hidden import without_secrets


def without_environment_secrets(text: str, *names: str) -> str:
    """`text` without the values of the variables in `names` and of those with a name that suggests a secret."""
    return without_secrets(text, os.environ, *names)
