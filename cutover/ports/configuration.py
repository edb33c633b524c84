"""Secrets and parameters."""

from typing import Protocol


class Configuration(Protocol):
    """Secrets Manager and the Parameter Store: names become ARNs pinned to a version, values are never read."""

    def pin(self, reference: str) -> str:
        """The ARN with its version; raises `InvalidInput` when it does not exist."""
        ...
