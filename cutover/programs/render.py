"""A release as a file: with it plain `pulumi up` creates the very stack that a deploy would create."""

from io import StringIO
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML

from cutover.config import EnvironmentConfig
from cutover.config.schema import Provider
from cutover.domain.errors import InvalidInput
from cutover.domain.release import Manifest

_NAMESPACE = "cutover:"


class ReleaseFile(BaseModel):
    """The `cutover:` keys of a release's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["release"]
    digest: str
    provider: Provider
    manifest: Manifest


def render_release(config: EnvironmentConfig, manifest: Manifest) -> str:
    """The text of `Pulumi.<release>.yaml`."""
    file = {
        "config": {
            "pulumi:disable-default-providers": ["aws"],
            f"{_NAMESPACE}kind": "release",
            f"{_NAMESPACE}digest": manifest.digest,
            f"{_NAMESPACE}provider": config.provider.model_dump(mode="json", exclude_defaults=True),
            f"{_NAMESPACE}manifest": manifest.model_dump(mode="json"),
        }
    }
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 200
    yaml.dump(file, text)
    header = f"# Written by `cutover -e {config.environment} release render`: the release is what its digest says.\n"
    return header + text.getvalue()


def load_release(path: Path) -> tuple[Provider, Manifest]:
    """Provider settings and manifest of a rendered file.

    Raises:
        InvalidInput: the file is none, or was edited: its manifest has not the digest that it names.
    """
    document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
    entries = document.get("config", {})
    values = {k.removeprefix(_NAMESPACE): v for k, v in entries.items() if str(k).startswith(_NAMESPACE)}
    try:
        file = ReleaseFile.model_validate(values)
    except ValidationError as error:
        raise InvalidInput("RELEASE_INVALID", f"{path.name}: {error}", "cutover release render") from error
    if file.manifest.digest != file.digest:
        message = f"{path.name} was edited: its manifest has the digest {file.manifest.digest[:16]}…, not {file.digest}"
        raise InvalidInput("RELEASE_EDITED", message, "cutover release render")
    return file.provider, file.manifest
