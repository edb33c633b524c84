"""Builds images of the OCI specification, and unpacks them for the agent.

The registry stores manifests; the local cloud's directory stores the blobs (manifest, config, layer) by their SHA-256.
The same directory and build arguments give the same digest on every machine: the layer is sorted and has no time,
owner or host. Shapes: https://github.com/opencontainers/image-spec (manifest.md, config.md).
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutover.localcloud.dockerfile import Recipe, UnsupportedDockerfile, parse

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


class ImageError(Exception):
    """An image cannot be built, pushed or unpacked; the message says why."""


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image in the registry; `uri` pins it by digest, for a task definition."""

    repository: str
    tag: str
    digest: str
    uri: str


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """How an image runs: its entry point, command and environment."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


def build(
    directory: Path,
    repository: str,
    tag: str,
    *,
    ecr: "ECRClient",
    images_dir: Path,
    build_args: Mapping[str, str] | None = None,
) -> ImageRef:
    """Build the Dockerfile of `directory`, push it to `repository` as `tag`, and return it by digest.

    The same image can be pushed again. Raises `ImageError` if the Dockerfile cannot be built here, the repository
    does not exist, or the tag is immutable and belongs to another image.
    """
    registry_uri = _repository_uri(ecr, repository)
    manifest = _write_image(directory, images_dir, build_args or {})
    digest = _store(images_dir, manifest)
    _push(ecr, repository, tag, manifest, digest)
    return ImageRef(repository, tag, digest, f"{registry_uri}@{digest}")


def unpack(digest: str, images_dir: Path) -> Path:
    """Return the directory with the files of the image `digest`; the first call unpacks it.

    Raises `ImageError` if a blob is missing.
    """
    target = images_dir / "unpacked" / digest.removeprefix("sha256:")
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent))
    for layer in _json_blob(images_dir, digest)["layers"]:
        with tarfile.open(fileobj=io.BytesIO(_blob(images_dir, layer["digest"])), mode="r:gz") as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(fresh, filter="data")
            else:
                # Python 3.11 has filters from 3.11.4 on. `build` wrote the archive, so it names no foreign path.
                archive.extractall(fresh)  # noqa: S202
    try:
        fresh.rename(target)
    except OSError:  # another call has unpacked the same image
        shutil.rmtree(fresh)
    return target


def config(digest: str, images_dir: Path) -> ImageConfig:
    """Return how the image `digest` runs. Raises `ImageError` if a blob is missing."""
    manifest = _json_blob(images_dir, digest)
    settings = _json_blob(images_dir, manifest["config"]["digest"])["config"]
    pairs = (variable.partition("=") for variable in settings.get("Env", []))
    return ImageConfig(
        entrypoint=tuple(settings.get("Entrypoint", [])),
        command=tuple(settings.get("Cmd", [])),
        environment=tuple((name, value) for name, _, value in pairs),
    )


def _repository_uri(ecr: "ECRClient", repository: str) -> str:
    try:
        description = ecr.describe_repositories(repositoryNames=[repository])
    except ecr.exceptions.RepositoryNotFoundException:
        raise ImageError(f"the repository {repository!r} does not exist; `cutover bootstrap` creates it") from None
    return description["repositories"][0]["repositoryUri"]


def _write_image(directory: Path, images_dir: Path, build_args: Mapping[str, str]) -> bytes:
    """Store the layer and the config; return the manifest's bytes."""
    dockerfile = directory / "Dockerfile"
    if not dockerfile.is_file():
        raise ImageError(f"there is no Dockerfile in {directory}")
    try:
        recipe = parse(dockerfile.read_text(), build_args)
    except UnsupportedDockerfile as error:
        raise ImageError(f"{dockerfile}: {error}") from error
    tar = _layer(directory, recipe)
    layer = gzip.compress(tar, mtime=0)
    settings = _canonical(_config(recipe, diff_id=_digest(tar)))
    return _canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _descriptor(images_dir, CONFIG_TYPE, settings),
            "layers": [_descriptor(images_dir, LAYER_TYPE, layer)],
        }
    )


def _layer(directory: Path, recipe: Recipe) -> bytes:
    files: dict[str, Path] = {}
    for copy in recipe.copies:
        source = (directory / copy.source).resolve()
        if not source.is_relative_to(directory.resolve()) or not source.exists():
            raise ImageError(f"COPY {copy.source}: there is no such file in {directory}")
        files |= _files_of(source, copy.destination)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, path in sorted(files.items()):
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _files_of(source: Path, destination: str) -> dict[str, Path]:
    """Map names in the image (without a leading slash) to files, as COPY does."""
    if source.is_dir():
        return {
            f"{destination.strip('/')}/{path.relative_to(source).as_posix()}".lstrip("/"): path
            for path in source.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
    name = f"{destination}{source.name}" if destination.endswith("/") else destination
    return {name.lstrip("/"): source}


def _config(recipe: Recipe, diff_id: str) -> dict[str, Any]:
    settings = {
        "Entrypoint": list(recipe.entrypoint),
        "Cmd": list(recipe.command),
        "Env": [f"{name}={value}" for name, value in recipe.environment],
        "ExposedPorts": {port: {} for port in recipe.ports},
        "User": recipe.user,
    }
    return {
        # Processes run natively on any machine; a fixed name keeps the digest the same on all of them.
        "architecture": "amd64",
        "os": "linux",
        "config": {name: value for name, value in settings.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }


def _push(ecr: "ECRClient", repository: str, tag: str, manifest: bytes, digest: str) -> None:
    tagged = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    if any(image.get("imageId", {}).get("imageDigest") == digest for image in tagged):
        return
    try:
        ecr.put_image(
            repositoryName=repository,
            imageManifest=manifest.decode(),
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=tag,
            imageDigest=digest,
        )
    except (ecr.exceptions.ImageAlreadyExistsException, ecr.exceptions.ImageTagAlreadyExistsException):
        raise ImageError(
            f"the tag {repository}:{tag} is immutable and belongs to another image; build with a new version"
        ) from None


def _descriptor(images_dir: Path, media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _store(images_dir, content), "size": len(content)}


def _store(images_dir: Path, content: bytes) -> str:
    """Write a blob to a file named by its digest, in one step; return the digest."""
    digest = _digest(content)
    path = _path(images_dir, digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    return digest


def _blob(images_dir: Path, digest: str) -> bytes:
    try:
        return _path(images_dir, digest).read_bytes()
    except FileNotFoundError:
        raise ImageError(f"blob {digest} is not in {images_dir}; build the image again") from None


def _json_blob(images_dir: Path, digest: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_blob(images_dir, digest))
    return content


def _path(images_dir: Path, digest: str) -> Path:
    return images_dir / "sha256" / digest.removeprefix("sha256:")


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
