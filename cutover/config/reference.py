"""`docs/configuration.md` from the models: every key with its meaning, its values and its default.

`python -m cutover.config.reference` writes the file; a test compares it with the models.
"""

import json
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cutover.config.schema import EnvironmentConfig

_HEAD = """# Configuration

One file, `Pulumi.<environment>.yaml`, holds everything about an environment; its keys stand below `config:` and begin
with `cutover:`. It is validated once, before anything is called: every error at once, each with its path, exit code 2.
Unknown and duplicate keys are errors. Durations have a unit: `500ms`, `30s`, `10m`, `1h`.

`Pulumi.prod.yaml` is a commented example for a real account. This page is generated from the models (`make docs`).
"""


def render() -> str:
    """The whole page."""
    parts = [_HEAD, "## Top level\n", _doc(EnvironmentConfig), _table(EnvironmentConfig, "cutover:")]
    for name, section in _sections(EnvironmentConfig, "cutover:"):
        parts += [f"## {name}\n", _doc(section), _table(section, "")]
    return "\n".join(parts).rstrip() + "\n"


def main() -> None:
    """Write the page."""
    path = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
    path.write_text(render(), encoding="utf-8")


def _sections(model: type[BaseModel], prefix: str) -> list[tuple[str, type[BaseModel]]]:
    found: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            found.append((f"{prefix}{name}", inner))
            found += _sections(inner, f"{prefix}{name}.")
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _doc(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split()) + "\n"


def _table(model: type[BaseModel], prefix: str) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = field.description or (_model_in(field.annotation) and "see below") or ""
        rows.append(f"| `{prefix}{name}` | {_value(field)} | {_default(field)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _value(field: FieldInfo) -> str:
    words = _words(field.annotation)
    if _is_duration(field):
        words = "duration or `null`" if types.NoneType in get_args(field.annotation) else "duration"
    limits = [_limit(m, duration=_is_duration(field)) for m in field.metadata]
    told = ", ".join(limit for limit in limits if limit)
    return f"{words} ({told})" if told else words


def _limit(constraint: object, *, duration: bool) -> str:
    unit = " s" if duration else ""
    match constraint:
        case Ge(ge=value):
            return f"≥ {value}{unit}"
        case Gt(gt=value):
            return f"> {value}{unit}"
        case Le(le=value):
            return f"≤ {value}{unit}"
        case _:
            return ""


def _holds_models(default: object) -> bool:
    return isinstance(default, tuple) and any(isinstance(item, BaseModel) for item in default)


def _is_duration(field: FieldInfo) -> bool:
    # An optional duration carries its validator within the annotation.
    return any("parse_duration" in repr(part) for part in (*field.metadata, *get_args(field.annotation)))


def _words(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _words(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        return " or ".join(_words(kind) for kind in get_args(annotation))
    if origin is tuple:
        return f"list of {_words(get_args(annotation)[0])}"
    if origin is dict:
        return f"mapping to {_words(get_args(annotation)[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    names = {str: "text", int: "whole number", bool: "`true`, `false`", float: "number", types.NoneType: "`null`"}
    return names.get(annotation, str(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined or isinstance(default, BaseModel) or _holds_models(default):
        return "its defaults"
    if _is_duration(field) and default is not None:
        return f"`{default:g}s`"
    return f"`{json.dumps(list(default) if isinstance(default, tuple) else default)}`"


if __name__ == "__main__":
    main()
