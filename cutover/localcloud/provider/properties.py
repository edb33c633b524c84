"""Which inputs a type has, read from the installed pulumi_aws: it is generated from the real plugin's schema.

Its sources are read and not imported: importing it takes longer than all else that a provider does at its start.
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
    """Names of all inputs of a type token such as `aws:ecs/cluster:Cluster`; None where pulumi_aws has no such type."""
    known = _inputs(token)
    return None if known is None else frozenset(known)


def unknown_properties(token: str, inputs: Mapping[str, object]) -> list[tuple[str, str]]:
    """Path and reason of every input, however deep, that the type does not have."""
    known = _inputs(token)
    return [] if known is None else list(_unknown(token, _folder(token), known, inputs, ""))


def _unknown(
    owner: str, folder: Path, known: Mapping[str, str | None], inputs: Mapping[str, object], path: str
) -> Iterator[tuple[str, str]]:
    for name, value in sorted(inputs.items()):
        here = f"{path}{name}"
        if name not in known:
            yield here, f"unknown property of {owner}"
            continue
        nested = known[name]
        # A nested type of another module is not followed: the components use none.
        names = _nested(folder, nested) if nested else None
        if nested is None or names is None:
            continue
        for index, element in enumerate(value if isinstance(value, list) else [value]):
            inner = f"{here}[{index}]." if isinstance(value, list) else f"{here}."
            if isinstance(element, Mapping):
                yield from _unknown(nested.removesuffix("Args"), folder, names, element, inner)


@cache
def _inputs(token: str) -> Mapping[str, str | None] | None:
    """Input → the nested type that it takes, if any."""
    package, _, kind = token.removeprefix("aws:").rpartition(":")
    # Where another type of the schema is called `…Args` already, the generator says `…InitArgs`.
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
    return {found["name"] or found["python"]: _takes(found["type"]) for found in _GETTER.finditer(body)}


def _takes(annotation: str) -> str | None:
    """The nested type of `Input['…Args']` or a sequence of it; None for plain values and for maps by free keys."""
    found = _NESTED.search(annotation)
    return found["nested"] if found and "Mapping[" not in annotation else None


def _folder(token: str) -> Path:
    package = token.removeprefix("aws:").rpartition(":")[0].partition("/")[0]
    return _sources() / package


@cache
def _sources() -> Path:
    spec = importlib.util.find_spec("pulumi_aws")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pulumi_aws is not installed")
    return Path(spec.origin).parent
