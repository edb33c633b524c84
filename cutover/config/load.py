"""Read `Pulumi.<environment>.yaml`, and say everything that is wrong with it at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from cutover.config.schema import EnvironmentConfig
from cutover.domain.errors import InvalidInput

_NAMESPACE = "cutover:"
_MAX_BYTES = 256 * 1024
_PLACEHOLDER = "CHANGE-ME"
_FOREIGN_KEYS = frozenset({"pulumi:disable-default-providers", "pulumi:tags"})


def load_environment(project: Path, environment: str) -> EnvironmentConfig:
    """The validated configuration of one environment.

    Raises:
        InvalidInput: the file is missing or anything in it is wrong; the message has one line for each error.
    """
    path = project_file(project, environment)
    if not path.is_file():
        known = sorted(p.name.removeprefix("Pulumi.").removesuffix(".yaml") for p in project.glob("Pulumi.*.yaml"))
        raise InvalidInput(
            "CONFIG_MISSING",
            f"there is no {path.name} in {project}; environments here: {', '.join(known) or 'none'}",
            "cp Pulumi.prod.yaml " + path.name,
        )
    if path.stat().st_size > _MAX_BYTES:
        raise InvalidInput("CONFIG_INVALID", f"{path.name} is larger than {_MAX_BYTES} bytes")
    return parse_environment(path.read_text(encoding="utf-8"), environment, path.name)


def project_file(project: Path, environment: str) -> Path:
    """Where the environment's file is; a name that would leave the folder is refused."""
    if not environment or any(c in environment for c in "/\\\0") or environment.startswith("."):
        raise InvalidInput("CONFIG_INVALID", f"{environment!r} is no name of an environment")
    return project / f"Pulumi.{environment}.yaml"


def parse_environment(text: str, environment: str, source: str) -> EnvironmentConfig:
    """The models of a file's text; `source` is how errors name it."""
    entries = _entries(text, source)
    errors = [f"{key}: unknown key" for key in entries if not _known_namespace(key)]
    values = {k.removeprefix(_NAMESPACE): v for k, v in entries.items() if k.startswith(_NAMESPACE)}
    errors += [f"{path}: still the placeholder {_PLACEHOLDER}" for path in _placeholders(values)]
    config: EnvironmentConfig | None = None
    try:
        config = EnvironmentConfig.model_validate({"environment": environment, **values})
    except ValidationError as error:
        placeholders = {line.split(":")[0] for line in errors}
        errors += [line for line in map(_sentence, error.errors()) if line.split(":")[0] not in placeholders]
    if errors or config is None:
        raise InvalidInput(
            "CONFIG_INVALID",
            "\n".join(f"{source}: {line}" for line in errors),
            f"edit {source}; every key is explained in docs/configuration.md",
        )
    return config


def _entries(text: str, source: str) -> dict[str, object]:
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = False
    try:
        document: object = yaml.load(text)
    except DuplicateKeyError as error:
        raise InvalidInput("CONFIG_INVALID", f"{source}: {_duplicate(error)}", f"edit {source}") from error
    except YAMLError as error:
        raise InvalidInput("CONFIG_INVALID", f"{source}: no YAML: {error}", f"edit {source}") from error
    config = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        raise InvalidInput("CONFIG_INVALID", f"{source}: has no `config:` mapping", f"edit {source}")
    return {str(key): value for key, value in config.items()}


def _duplicate(error: DuplicateKeyError) -> str:
    line = error.problem_mark.line + 1 if error.problem_mark else "?"
    return f"line {line}: {str(error.problem).splitlines()[0]}"


def _known_namespace(key: str) -> bool:
    return key.startswith(_NAMESPACE) or key in _FOREIGN_KEYS


def _placeholders(value: object, path: str = "") -> list[str]:
    if isinstance(value, Mapping):
        return [p for k, v in value.items() for p in _placeholders(v, f"{path}.{k}" if path else str(k))]
    if isinstance(value, list):
        return [p for i, v in enumerate(value) for p in _placeholders(v, f"{path}.{i}")]
    return [path] if isinstance(value, str) and _PLACEHOLDER in value else []


def _sentence(error: object) -> str:
    details = cast("dict[str, object]", error)
    location = cast("tuple[str | int, ...]", details["loc"])
    path = ".".join(str(part) for part in location) or "(file)"
    if details["type"] == "extra_forbidden":
        return f"{path}: unknown key"
    if details["type"] == "missing":
        return f"{path}: is missing"
    message = str(details["msg"]).removeprefix("Value error, ")
    shown = details.get("input")
    return f"{path}: {message}" + (f" (found {shown!r})" if isinstance(shown, str | int | float | bool) else "")
