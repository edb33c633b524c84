"""The registry of container images."""

from typing import Protocol


class Images(Protocol):
    """Looks up container images."""

    def resolve(self, image: str) -> str:
        """`repository@sha256:…` for an image by tag or digest; raises `InvalidInput` when there is no such image."""
        ...
