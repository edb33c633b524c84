"""Read and validate `Pulumi.<environment>.yaml`, and report all errors at once."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from cutover.config.schema import EnvironmentConfig
from cutover.config.state import ACCOUNT_BACKEND, ProjectFile, account_backend, read_project, shown
from cutover.domain.errors import InvalidInput

_NAMESPACE = "cutover:"
_MAX_BYTES = 256 * 1024
_PLACEHOLDER = "CHANGE-ME"
_MAY_BE_SECRET = frozenset({"webhook", "address", "access_key", "secret_key", "secrets", "environment"})
"""Keys below which a message does not show the value; it shows a URL nowhere."""
_PULUMI_KEYS = frozenset({"pulumi:disable-default-providers", "pulumi:tags"})
_NO_PROJECT = ProjectFile("cutover")


def load_environment(project: Path, environment: str) -> EnvironmentConfig:
    """Return the validated configuration of one environment.

    Raises:
        InvalidInput: the file is missing or not valid; the message has one line for each error.
    """
    path = project_file(project, environment)
    if not path.is_file():
        known = sorted(p.name.removeprefix("Pulumi.").removesuffix(".yaml") for p in project.glob("Pulumi.*.yaml"))
        message = f"{path} does not exist; the folder has these environments: {', '.join(known) or 'none'}"
        raise InvalidInput("CONFIG_MISSING", message, _copy_command(project, path))
    if path.stat().st_size > _MAX_BYTES:
        raise InvalidInput("CONFIG_INVALID", f"{path.name} is larger than the limit of {_MAX_BYTES} bytes")
    return parse_environment(path.read_text(encoding="utf-8"), environment, path.name, read_project(project))


def project_file(project: Path, environment: str) -> Path:
    """Return the path of the environment's file.

    Raises:
        InvalidInput: the name could point to a file outside the folder.
    """
    if not environment or any(c in environment for c in "/\\\0") or environment.startswith("."):
        raise InvalidInput("CONFIG_INVALID", f"{environment!r} is not a valid name of an environment")
    return project / f"Pulumi.{environment}.yaml"


def parse_environment(
    text: str, environment: str, source: str, project: ProjectFile = _NO_PROJECT
) -> EnvironmentConfig:
    """Validate the text of a file; `source` is its name in error messages, `project` is what its Pulumi.yaml says.

    Raises:
        InvalidInput: the text is not valid; the message has one line for each error.
    """
    entries = _entries(text, source)
    errors = [f"{key}: unknown key" for key in entries if not _is_known_key(key)]
    values = {k.removeprefix(_NAMESPACE): v for k, v in entries.items() if k.startswith(_NAMESPACE)}
    errors += [f"{path}: is still the placeholder {_PLACEHOLDER}" for path in _placeholders(values)]
    if "project" in values:
        errors.append("project: is taken from the name in Pulumi.yaml; remove it here")
    config: EnvironmentConfig | None = None
    try:
        config = EnvironmentConfig.model_validate({"environment": environment, **values, "project": project.name})
        config, disagreements = _with_backend(config, project.backend)
        errors += disagreements
    except ValidationError as error:
        placeholders = {line.split(":")[0] for line in errors}
        errors += [line for line in map(_sentence, error.errors()) if line.split(":")[0] not in placeholders]
    if errors or config is None:
        lines = [f"{source}: {line}" for line in errors]
        raise InvalidInput("CONFIG_INVALID", "\n".join([*lines, "docs/configuration.md explains every key."]))
    return config


def _with_backend(config: EnvironmentConfig, url: str | None) -> tuple[EnvironmentConfig, list[str]]:
    """The configuration with the backend of Pulumi.yaml, which `pulumi up` uses; and whether the two disagree."""
    if url is None:
        return config, []
    named = config.state.backend
    if named not in (None, url) and not (named == ACCOUNT_BACKEND and url == account_backend(config)):
        return config, [f"state.backend: Pulumi.yaml names another backend ({shown(url)}); remove one of them"]
    return config.model_copy(update={"state": config.state.model_copy(update={"backend": url})}), []


def _copy_command(project: Path, path: Path) -> str:
    example = project / "Pulumi.prod.yaml"
    return shlex.join(["cp", str(example), str(path)]) if example.is_file() else ""


def _entries(text: str, source: str) -> dict[str, object]:
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = False
    try:
        document: object = yaml.load(text)
    except DuplicateKeyError as error:
        raise InvalidInput("CONFIG_INVALID", f"{source}: {_duplicate(error)}") from None
    except YAMLError as error:
        # The error's own text quotes the line, which can hold the URL of a webhook.
        raise InvalidInput("CONFIG_INVALID", f"{source}: is not valid YAML: {_problem(error)}") from None
    config = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        raise InvalidInput("CONFIG_INVALID", f"{source}: has no `config:` mapping")
    return {str(key): value for key, value in config.items()}


def _duplicate(error: DuplicateKeyError) -> str:
    line = error.problem_mark.line + 1 if error.problem_mark else "?"
    # The rest of ruamel's sentence has both values.
    key = str(error.problem).partition('" with value')[0]
    return f'line {line}: {key}"'


def _problem(error: YAMLError) -> str:
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return type(error).__name__
    return f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: {error.problem}"


def _is_known_key(key: str) -> bool:
    return key.startswith(_NAMESPACE) or key in _PULUMI_KEYS


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
    value = details.get("input")
    secret = "://" in str(value) or _MAY_BE_SECRET & set(map(str, location))
    shown = isinstance(value, str | int | float | bool) and not secret
    return f"{path}: {message}" + (f" (the value is {value!r})" if shown else "")
