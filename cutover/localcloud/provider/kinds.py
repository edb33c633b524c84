"""What the provider has to know of one type of resource, and how one is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cutover.localcloud.provider.values import Properties

Client = Callable[[str], Any]
"""Name of an AWS service → its boto3 client."""


@dataclass(frozen=True, slots=True)
class Name:
    """How a resource gets its name where the program gives none; `length` is the longest that AWS takes."""

    property: str
    length: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The type's fixed traits.

    `replaces`: inputs whose change needs another resource.  `computed`: outputs that are not known before it is made.
    `defaults`: inputs that the real plugin fills in.  `delete_first`: replaced by deleting before creating.
    """

    token: str
    replaces: frozenset[str] = frozenset()
    computed: tuple[str, ...] = ()
    name: Name | None = None
    tagged: bool = False
    delete_first: bool = False


class Kind(Protocol):
    """One type of resource, over boto3; every method may raise botocore's ClientError."""

    @property
    def shape(self) -> Shape:
        """The type's fixed traits."""
        ...

    def create(self, aws: Client, inputs: Properties) -> str:
        """Make it and return its id; raises `HalfMade` where it exists but is not as it was asked for."""
        ...

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """Inputs as AWS shows them now, and the computed outputs; None where it is gone.

        What AWS does not tell is left out and stands as it was.
        """
        ...

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """Change what differs between two sets of inputs."""
        ...

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """Remove it; nothing to do where it is gone."""
        ...


class HalfMade(Exception):
    """The resource exists, but its making failed on the way; the engine keeps it and tells the reason."""

    def __init__(self, identifier: str, reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.reason = reason


def error_code(error: Exception) -> str:
    """AWS's code of a ClientError."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def changed(old: Properties, new: Properties, *names: str) -> bool:
    """Whether any of the named inputs differs."""
    return any(old.get(name) != new.get(name) for name in names)


def tag_list(tags: dict[str, str] | None) -> list[dict[str, str]]:
    """`[{Key, Value}]`, as most services want it."""
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def tag_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """The reverse of `tag_list`, whatever the case of the keys."""
    return {tag.get("Key", tag.get("key", "")): tag.get("Value", tag.get("value", "")) for tag in tags or []}


def gone_tags(old: Properties, new: Properties) -> list[str]:
    """Keys of tags that are no more."""
    return sorted(set(old.get("tags") or {}) - set(new.get("tags") or {}))
