"""Writes and reads the file of a release, from which `pulumi up` creates the same stack as `cutover deploy`."""

import hashlib
import json
from io import StringIO
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML

from cutover.config import EnvironmentConfig
from cutover.config.schema import Provider
from cutover.domain.errors import InvalidInput
from cutover.domain.frozen import canonical_json
from cutover.domain.release import Manifest, ReleaseRef

_NAMESPACE = "cutover:"


class ReleaseFile(BaseModel):
    """The `cutover:` keys of a rendered release file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["release"]
    digest: str
    provider: Provider
    manifest: Manifest


def render_release(config: EnvironmentConfig, manifest: Manifest, ref: ReleaseRef) -> str:
    """Return the text of `Pulumi.<release>.yaml`, the file that describes one release."""
    file = {
        "config": {
            "pulumi:disable-default-providers": ["aws"],
            f"{_NAMESPACE}kind": "release",
            f"{_NAMESPACE}digest": ref.digest,
            f"{_NAMESPACE}provider": config.provider.model_dump(mode="json", exclude_defaults=True),
            # The form that the digest is made from: a field that was added later is not in it with its default.
            f"{_NAMESPACE}manifest": json.loads(canonical_json(manifest)),
        }
    }
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 200
    yaml.dump(file, text)
    header = (
        f"# Written by `cutover -e {config.environment} release render`. Do not edit: the digest would not match.\n"
    )
    return header + text.getvalue()


def load_release(path: Path) -> tuple[Provider, Manifest, ReleaseRef]:
    """Return the provider settings, the manifest and the reference of a rendered file, `Pulumi.<release>.yaml`.

    The reference is the one that the file was written with: a later version of cutover may compute another digest.

    Raises:
        InvalidInput: the file is not a rendered release, or its manifest does not match its digest.
    """
    document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
    entries = document.get("config", {})
    values = {k.removeprefix(_NAMESPACE): v for k, v in entries.items() if str(k).startswith(_NAMESPACE)}
    try:
        file = ReleaseFile.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(
            "RELEASE_INVALID", f"{path.name} is not a rendered release: {error}", "cutover release render"
        ) from error
    if file.digest not in (file.manifest.digest, _digest_of(values["manifest"])):
        message = (
            f"{path.name} was edited: the digest of its manifest is {file.manifest.digest}, "
            f"but the file says {file.digest}"
        )
        raise InvalidInput("RELEASE_EDITED", message, "cutover release render")
    name = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    return file.provider, file.manifest, ReleaseRef(release=name, version=file.manifest.version, digest=file.digest)


def _digest_of(manifest: object) -> str:
    """The digest of a manifest as it is written in the file, whatever fields this version of cutover knows."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
