"""Generate `docs/configuration.md` from the models: every key with its values, default and meaning.

`python -m cutover.config.reference` writes the file. A test compares the file with the models.
"""

import json
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cutover.config.schema import EnvironmentConfig

_HEAD = """# Configuration

The file `Pulumi.<environment>.yaml` configures one environment. The keys are below `config:` and begin with `cutover:`.
cutover validates the whole file before it calls AWS. It reports all errors at once, each with the path of its key, and
exits with code 2. Unknown and duplicate keys are errors. A duration needs a unit: `500ms`, `30s`, `10m` or `1h`.

`Pulumi.prod.yaml` is a commented example for a real account. This page is generated from the models (`make docs`).
"""


def render() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD, "## Top level\n", _doc(EnvironmentConfig), _table(EnvironmentConfig, "cutover:")]
    for name, section in _sections(EnvironmentConfig, "cutover:"):
        parts += [f"## {name}\n", _doc(section), _table(section, "")]
    return "\n".join(parts).rstrip() + "\n"


def main() -> None:
    """Write the page."""
    path = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
    path.write_text(render(), encoding="utf-8")


def _sections(model: type[BaseModel], prefix: str) -> list[tuple[str, type[BaseModel]]]:
    sections: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            sections.append((f"{prefix}{name}", inner))
            sections += _sections(inner, f"{prefix}{name}.")
    return sections


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
    type_name = _type_name(field.annotation)
    if _is_duration(field):
        type_name = "duration or `null`" if types.NoneType in get_args(field.annotation) else "duration"
    limits = [_limit(constraint, duration=_is_duration(field)) for constraint in field.metadata]
    limits_text = ", ".join(limit for limit in limits if limit)
    return f"{type_name} ({limits_text})" if limits_text else type_name


def _limit(constraint: object, *, duration: bool) -> str:
    unit = " s" if duration else ""
    match constraint:
        case Ge(ge=value):
            return f"≥ {value}{unit}"
        case Gt(gt=value):
            return f"> {value}{unit}"
        case Le(le=value):
            return f"≤ {value}{unit}"
        case Lt(lt=value):
            return f"< {value}{unit}"
        case _:  # a constraint without a limit, such as a pattern or a validator
            return ""


def _holds_models(default: object) -> bool:
    return isinstance(default, tuple) and any(isinstance(item, BaseModel) for item in default)


def _is_duration(field: FieldInfo) -> bool:
    # The validator of an optional duration is in the annotation, not in the metadata.
    return any("parse_duration" in repr(part) for part in (*field.metadata, *get_args(field.annotation)))


def _type_name(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type_name(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(kind) for kind in get_args(annotation))
    if origin is tuple:
        return f"list of {_type_name(get_args(annotation)[0])}"
    if origin is dict:
        return f"mapping to {_type_name(get_args(annotation)[1])}"
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
