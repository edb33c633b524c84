"""What the provider decides without calling AWS: are the inputs right, how is it named, what does a change mean."""

import hashlib
from dataclasses import dataclass

from cutover.localcloud.provider.kinds import Shape
from cutover.localcloud.provider.properties import unknown_properties
from cutover.localcloud.provider.values import Properties

_RANDOM = 7  # hexadecimal characters, as Pulumi appends


@dataclass(frozen=True, slots=True)
class Checked:
    """Inputs with what the provider fills in, and what is wrong with them: property → reason."""

    inputs: Properties
    failures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Inputs that differ (`add`, `delete` or `update`), and those of them that need another resource."""

    changes: dict[str, str]
    replaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """What the engine says about the name of a resource whose program gives none."""

    urn_name: str
    seed: bytes
    proposed: str | None
    disabled: bool


def check(shape: Shape, news: Properties, olds: Properties, naming: Naming, tags: dict[str, str]) -> Checked:
    """Unknown properties, nested ones too, are refused by name; a missing name is made, or kept from the last time."""
    wrong = unknown_properties(shape.token, news)
    inputs = dict(news)
    if shape.tagged and (tags or inputs.get("tags")):
        inputs["tags"] = {**tags, **(inputs.get("tags") or {})}
    if shape.name is not None and shape.name.property not in inputs:
        if naming.disabled and not olds.get(shape.name.property):
            wrong.append((shape.name.property, "automatic names are disabled, so it must be given"))
        inputs[shape.name.property] = olds.get(shape.name.property) or _name(shape, naming)
    return Checked(inputs, tuple(wrong))


def compare(shape: Shape, olds: Properties, news: Properties, ignored: frozenset[str]) -> Difference:
    """Top-level inputs that differ; `ignored` holds the roots of ignoreChanges paths."""
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
