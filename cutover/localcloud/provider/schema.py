"""Reads the inputs of a resource type from the installed pulumi_aws, which is generated from AWS's schema.

It reads the sources, because an import of pulumi_aws takes longer than the rest of a provider's start.
"""

import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<name>\w+)"\))?\n    def (?P<python>\w+)\(self\) -> (?P<type>.*):\n'
)
_NESTED = re.compile(r"'(?P<nested>\w+Args)'")


@cache
def input_names(token: str) -> frozenset[str] | None:
    """Return the inputs of a type such as `aws:ecs/cluster:Cluster`; None if pulumi_aws does not have the type."""
    inputs_of_type = _inputs(token)
    return None if inputs_of_type is None else frozenset(inputs_of_type)


def unknown_properties(token: str, inputs: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the path and the reason of each input, at any depth, that the type does not have."""
    inputs_of_type = _inputs(token)
    return [] if inputs_of_type is None else list(_unknown(token, _folder(token), inputs_of_type, inputs, ""))


def _unknown(
    owner: str, folder: Path, inputs_of_type: Mapping[str, str | None], inputs: Mapping[str, object], path: str
) -> Iterator[tuple[str, str]]:
    for name, value in sorted(inputs.items()):
        here = f"{path}{name}"
        if name not in inputs_of_type:
            yield here, f"unknown property of {owner}"
            continue
        nested = inputs_of_type[name]
        # Nested types of another module are not checked: the components use none.
        names = _nested(folder, nested) if nested else None
        if nested is None or names is None:
            continue
        for index, element in enumerate(value if isinstance(value, list) else [value]):
            inner = f"{here}[{index}]." if isinstance(value, list) else f"{here}."
            if isinstance(element, Mapping):
                yield from _unknown(nested.removesuffix("Args"), folder, names, element, inner)


@cache
def _inputs(token: str) -> Mapping[str, str | None] | None:
    """Map each input to its nested type, if any."""
    package, _, kind = token.removeprefix("aws:").rpartition(":")
    # The generator writes `…InitArgs` if another type of the schema is called `…Args`.
    declarations = (f"class {kind}Args:\n", f"class {kind}InitArgs:\n")
    for path in sorted(_folder(token).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        declaration = next((d for d in declarations if d in text), None)
        if declaration is not None and f"'aws:{package}:{kind}'" in text:
            return _getters(text, declaration)
    return None


@cache
def _nested(folder: Path, kind: str) -> Mapping[str, str | None] | None:
    file, declaration = folder / "_inputs.py", f"class {kind}:\n"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return _getters(text, declaration) if declaration in text else None


def _getters(text: str, declaration: str) -> Mapping[str, str | None]:
    body = text.partition(declaration)[2].partition("\n@pulumi.input_type")[0].partition("\nclass ")[0]
    return {getter["name"] or getter["python"]: _nested_type(getter["type"]) for getter in _GETTER.finditer(body)}


def _nested_type(annotation: str) -> str | None:
    """Return the nested type of `Input['…Args']` or a sequence of it; None for plain values and maps with free keys."""
    match = _NESTED.search(annotation)
    return match["nested"] if match and "Mapping[" not in annotation else None


def _folder(token: str) -> Path:
    package = token.removeprefix("aws:").rpartition(":")[0].partition("/")[0]
    return _sources() / package


@cache
def _sources() -> Path:
    spec = importlib.util.find_spec("pulumi_aws")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pulumi_aws is not installed")
    return Path(spec.origin).parent
