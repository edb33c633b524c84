"""The container registry."""

from typing import Protocol


class Images(Protocol):
    """The container registry."""

    def resolve(self, image: str) -> str:
        """`repository@sha256:…` of a tag or a digest that exists; raises `InvalidInput` when it does not."""
        ...
