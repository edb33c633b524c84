"""Secrets Manager and the Parameter Store."""

from typing import Protocol


class Configuration(Protocol):
    """Pins secrets and parameters to a version; never reads a value."""

    def pin(self, reference: str) -> str:
        """The ARN with the current version; raises `InvalidInput` when there is no such secret or parameter."""
        ...
