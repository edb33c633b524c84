"""Decides without AWS calls whether inputs are valid, what a resource is named, and whether a change replaces it."""

import hashlib
from dataclasses import dataclass

from cutover.localcloud.provider.resource_type import Shape
from cutover.localcloud.provider.schema import unknown_properties
from cutover.localcloud.provider.values import Properties

_RANDOM = 7  # hexadecimal characters, as Pulumi appends


@dataclass(frozen=True, slots=True)
class Checked:
    """Inputs with the values that the provider adds, and their errors: (property, reason)."""

    inputs: Properties
    failures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Inputs that differ (`add`, `delete` or `update`), and those that need a replacement."""

    changes: dict[str, str]
    replaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """The engine's options for the name of a resource that has no name in the program."""

    urn_name: str
    seed: bytes
    proposed: str | None
    disabled: bool


def check(shape: Shape, news: Properties, olds: Properties, naming: Naming, tags: dict[str, str]) -> Checked:
    """Return the inputs with tags and a name, and an error for each unknown property at any depth.

    A resource keeps its name from `olds`.
    """
    failures = unknown_properties(shape.token, news)
    inputs = dict(news)
    if shape.tagged and (tags or inputs.get("tags")):
        inputs["tags"] = {**tags, **(inputs.get("tags") or {})}
    if shape.name is not None and shape.name.property not in inputs:
        if naming.disabled and not olds.get(shape.name.property):
            failures.append((shape.name.property, "automatic names are disabled, so the program must set a name"))
        inputs[shape.name.property] = olds.get(shape.name.property) or _name(shape, naming)
    return Checked(inputs, tuple(failures))


def compare(shape: Shape, olds: Properties, news: Properties, ignored: frozenset[str]) -> Difference:
    """Return the top-level inputs that differ, except for `ignored`, the roots of the paths in ignoreChanges."""
    changes: dict[str, str] = {}
    for name in sorted({*olds, *news} - ignored):
        if olds.get(name) != news.get(name):
            changes[name] = "add" if name not in olds else "delete" if name not in news else "update"
    return Difference(changes, tuple(name for name in changes if name in shape.replaces))


def _name(shape: Shape, naming: Naming) -> str:
    if naming.proposed:
        return naming.proposed
    assert shape.name is not None
    random = hashlib.sha256(naming.seed or naming.urn_name.encode()).hexdigest()[:_RANDOM]
    return f"{naming.urn_name[: shape.name.length - _RANDOM - 1]}-{random}"
