"""Pulumi's project and state: `Pulumi.yaml`, the section `cutover:state`, and the store that follows from them.

`state_store` decides where the state of an environment's stacks is. It makes no call.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cutover.config.fields import Section
from cutover.domain.errors import InvalidInput

if TYPE_CHECKING:
    from cutover.config.schema import EnvironmentConfig

PLATFORM_PROJECT = "cutover-platform"
"""Pulumi project of the platform stacks, whatever the application's project is."""
ACCOUNT_BACKEND = "account"
PASSPHRASE = "passphrase"  # noqa: S105  the name of Pulumi's secrets provider
SERVICE = "default"
"""Pulumi's name for the secrets provider of the backend itself."""
KEY_ALIAS = "alias/cutover-state"
NO_STACK = "none, it holds the state"
"""Value of the tag `cutover:stack` of bucket and key. S3 allows no apostrophe in it."""
_BACKEND_VARIABLE = "PULUMI_BACKEND_URL"
_SCHEMES = ("s3", "azblob", "gs", "file", "https", "http", "postgres")
# https://www.pulumi.com/docs/iac/concepts/projects/#project-names
_BUCKET, _REGION = re.compile(r"^s3://([^/?]+)"), re.compile(r"[?&]region=([^&]+)")
_PROJECT = re.compile(r"^[a-zA-Z][a-zA-Z0-9_.-]{0,99}$")

ProjectName = Annotated[str, StringConstraints(strict=True, pattern=_PROJECT.pattern)]


class StateConfig(Section):
    """Where Pulumi keeps the state of the stacks, and what encrypts the secrets in it. docs/state.md explains it."""

    backend: Annotated[str, StringConstraints(pattern=rf"^({ACCOUNT_BACKEND}|({'|'.join(_SCHEMES)})://.*)$")] | None = (
        Field(
            default=None,
            description="URL of Pulumi's backend: `s3://…`, `azblob://…`, `gs://…`, `file://…`, or the address of "
            "Pulumi Cloud. `account` is a bucket of the account, which `cutover bootstrap` creates. Without this key: "
            "the `backend` of Pulumi.yaml, else `PULUMI_BACKEND_URL` of the shell, else `account`.",
            examples=["s3://shop-state?region=eu-west-1"],
        )
    )
    secrets_provider: (
        Annotated[
            str, StringConstraints(pattern=r"^(default|passphrase|(awskms|azurekeyvault|gcpkms|hashivault)://.+)$")
        ]
        | None
    ) = Field(
        default=None,
        description="What encrypts secrets in the state: `passphrase`, or a URL: `awskms://alias/NAME?region=…`. "
        "Default: a KMS key of the account with the backend `account`, Pulumi Cloud itself there, else `passphrase`.",
        examples=["awskms://alias/shop-state?region=eu-west-1"],
    )
    bucket_owner: Annotated[str, StringConstraints(strict=True, pattern=r"^\d{12}$")] | None = Field(
        default=None,
        description="Account that owns the bucket of an `s3://` backend; default: `provider.account_id`. The bucket of "
        "another owner is refused.",
    )


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What cutover needs from Pulumi.yaml; `backend` is None where the file names none."""

    name: str
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class StateStore:
    """Where the state of the stacks is, and what encrypts the secrets in it."""

    url: str
    """The value of PULUMI_BACKEND_URL; empty for the login of this user."""
    secrets_provider: str
    bucket: str | None
    """The S3 bucket of the state; None for other backends."""
    bucket_owner: str
    managed: bool
    """Whether `cutover bootstrap` creates the bucket and the key."""

    @property
    def name(self) -> str:
        """The URL without credentials and query, for people and for the records."""
        return shown(self.url)


def read_project(folder: Path) -> ProjectFile:
    """Read Pulumi.yaml.

    Raises:
        InvalidInput: the file is missing or not valid.
    """
    path = folder / "Pulumi.yaml"
    if not path.is_file():
        message = f"{path} does not exist; each application has a folder with a Pulumi.yaml of its own"
        raise InvalidInput("PROJECT_MISSING", f"{message}; `cutover -C DIR` chooses the folder")
    try:
        document: object = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise InvalidInput("PROJECT_INVALID", f"{path} is not valid YAML ({type(error).__name__})") from None
    values = document if isinstance(document, Mapping) else {}
    name, backend = values.get("name"), values.get("backend")
    if not isinstance(name, str) or not _PROJECT.match(name) or name == PLATFORM_PROJECT:
        message = f"{path}: name: {name!r} cannot be the name of an application's project; use the application's name"
        raise InvalidInput("PROJECT_INVALID", message)
    url = backend.get("url") if isinstance(backend, Mapping) else None
    return ProjectFile(name, url if isinstance(url, str) and url else None)


def state_store(config: "EnvironmentConfig", variables: Mapping[str, str]) -> StateStore:
    """The store of the stacks of an environment. `variables` are those of the shell.

    Raises:
        InvalidInput: the shell's PULUMI_BACKEND_URL is another backend than the configured one, so that a plain
            `pulumi up` would see another state.
    """
    configured, shell = config.state.backend, variables.get(_BACKEND_VARIABLE) or None
    account = account_backend(config)
    chosen = account if configured == ACCOUNT_BACKEND else configured
    if chosen is not None and shell is not None and shell != chosen:
        message = (
            f"{_BACKEND_VARIABLE} of this shell is {shown(shell)}, but the configuration of {config.environment} "
            f"names {shown(chosen)}; `pulumi up` and cutover would see different states"
        )
        raise InvalidInput("STATE_DISAGREES", message, "cutover state env")
    url = chosen or shell or account
    bucket = match[1] if (match := _BUCKET.match(url)) else None
    return StateStore(
        url=url,
        secrets_provider=config.state.secrets_provider or _default_secrets_provider(config, url),
        bucket=bucket,
        bucket_owner=config.state.bucket_owner or config.provider.account_id,
        managed=url == account,
    )


def account_backend(config: "EnvironmentConfig") -> str:
    """URL of the default backend: a bucket that is named after the account and the Region."""
    provider = config.provider
    local = f"&endpoint={provider.endpoint}&s3ForcePathStyle=true" if provider.endpoint else ""
    return f"s3://cutover-state-{provider.account_id}-{provider.region}?region={provider.region}{local}"


def region_of(store: StateStore, default: str) -> str:
    """The Region of an S3 backend, from its URL."""
    match = _REGION.search(store.url)
    return match[1] if match else default


def shown(url: str) -> str:
    """A backend's URL without credentials and query, for people and for the records."""
    scheme, separator, rest = url.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _default_secrets_provider(config: "EnvironmentConfig", url: str) -> str:
    if url == account_backend(config):
        local = f"&endpoint={config.provider.endpoint}" if config.provider.endpoint else ""
        return f"awskms://{KEY_ALIAS}?region={config.provider.region}{local}"
    return SERVICE if url.startswith(("https://", "http://")) else PASSPHRASE
