"""The interface of a resource type, and helpers to write one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cutover.localcloud.provider.values import Properties

Client = Callable[[str], Any]
"""The name of an AWS service → its boto3 client."""


@dataclass(frozen=True, slots=True)
class Name:
    """How a resource gets a name if the program gives none; `length` is AWS's limit in characters."""

    property: str
    length: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The constants of a resource type.

    A change of an input in `replaces` needs a replacement. The outputs in `computed` are unknown before the creation.
    `tagged` types have tags. With `delete_first` the old resource is deleted before the new one is created.
    """

    token: str
    replaces: frozenset[str] = frozenset()
    computed: tuple[str, ...] = ()
    name: Name | None = None
    tagged: bool = False
    delete_first: bool = False


class ResourceType(Protocol):
    """One resource type over boto3; every method may raise botocore's ClientError."""

    @property
    def shape(self) -> Shape:
        """The constants of the type."""
        ...

    def create(self, aws: Client, inputs: Properties) -> str:
        """Create the resource and return its id.

        Raises `PartiallyCreated` if the resource exists but is not ready.
        """
        ...

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """Return the inputs as AWS shows them, and the computed outputs; None if the resource does not exist.

        An input that AWS does not show is left out, and keeps its value.
        """
        ...

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """Update the resource from the inputs `old` to the inputs `new`."""
        ...

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """Delete the resource, if it exists."""
        ...


class PartiallyCreated(Exception):
    """The resource exists, but its creation failed; the engine keeps it in its state and shows the reason."""

    def __init__(self, identifier: str, reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.reason = reason


def error_code(error: Exception) -> str:
    """Return AWS's error code of a ClientError."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def changed(old: Properties, new: Properties, *names: str) -> bool:
    """Return whether any of these inputs differs."""
    return any(old.get(name) != new.get(name) for name in names)


def tag_list(tags: dict[str, str] | None) -> list[dict[str, str]]:
    """Return tags as `[{Key, Value}]`, the form of most services."""
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def tag_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """Return tags as a map, from a list with keys in upper or lower case."""
    return {tag.get("Key", tag.get("key", "")): tag.get("Value", tag.get("value", "")) for tag in tags or []}


def removed_tags(old: Properties, new: Properties) -> list[str]:
    """Return the keys of tags that are in `old` and not in `new`."""
    return sorted(set(old.get("tags") or {}) - set(new.get("tags") or {}))
