"""Prepares a container: unpacks its image, and builds its command, environment, secrets and ports.

A container learns its port from the environment. The process listens on HOST (127.0.0.1) and PORT, the loopback port
of the first of its `portMappings`; PORT_<containerPort> has the loopback port of each of them.
"""

import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.models import ecr_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from cutover.localcloud.addresses import LOOPBACK
from cutover.localcloud.agent.permissions import Permissions
from cutover.localcloud.images import ImageError, config, unpack
from cutover.localcloud.registries import lets

_PULL = "ecr:BatchGetImage"


class TaskFailedToStart(Exception):
    """A task cannot start.

    The message is the stopped reason of the task. With `of_container` it is also the reason of the container.
    """

    def __init__(self, reason: str, *, of_container: bool) -> None:
        super().__init__(reason)
        self.of_container = of_container


@dataclass(frozen=True, slots=True)
class Launch:
    """The inputs to start one container; `ports` maps container ports to loopback ports."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    ports: Mapping[int, int]
    digest: str


class Launcher:
    """Prepares containers, with moto's registry, parameters and secrets."""

    def __init__(self, account: str, region: str, images_dir: Path, permissions: Permissions) -> None:
        self._account = account
        self._region = region
        self._images_dir = images_dir
        self._permissions = permissions

    def prepare(self, definition: Mapping[str, Any], execution_role: str | None) -> Launch:
        """Return the inputs to start the container of `definition` with the ARN of the task's execution role.

        Raises `TaskFailedToStart` with ECS's message.
        """
        digest = self._resolve(definition["image"], execution_role)
        secrets = {
            secret["name"]: self._secret(secret["valueFrom"], execution_role)
            for secret in definition.get("secrets") or []
        }
        try:
            root, image = unpack(digest, self._images_dir), config(digest, self._images_dir)
        except ImageError as error:
            raise TaskFailedToStart(f"CannotPullContainerError: {error}", of_container=True) from error
        ports = {mapping["containerPort"]: free_port() for mapping in definition.get("portMappings") or []}
        entrypoint = definition.get("entryPoint") or image.entrypoint
        # An entry point in the definition drops the image's command, as in Docker.
        command = definition.get("command") or (() if definition.get("entryPoint") else image.command)
        variables = {variable["name"]: variable["value"] for variable in definition.get("environment") or []}
        return Launch(
            command=_on_this_machine((*entrypoint, *command), root),
            environment=self._base() | dict(image.environment) | variables | secrets | _port_variables(ports),
            directory=root,
            ports=ports,
            digest=digest,
        )

    def _resolve(self, image: str, role: str | None) -> str:
        """Return the digest of `image` in the registry."""
        name, _, pinned = image.partition("@")
        host, path = name.split("/", 1) if "." in name.split("/")[0] else ("", name)
        repository, _, tag = path.partition(":")
        registry = host.partition(".")[0] or self._account
        stored = ecr_backends[registry][self._region].repositories.get(repository)
        for candidate in stored.images if stored else []:
            digest: str = candidate.get_image_digest()
            if stored and not self._may_pull(stored, registry, role):
                raise TaskFailedToStart(
                    f"CannotPullContainerError: pull access denied for {image}: 403 Forbidden", of_container=True
                )
            if digest == pinned or (not pinned and (tag or "latest") in candidate.image_tags):
                return digest
        raise TaskFailedToStart(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
            f"failed to resolve ref {image}: {image}: not found",
            of_container=True,
        )

    def _may_pull(self, repository: Any, registry: str, role: str | None) -> bool:
        """Whether the role allows the pull, and the repository too where it is in another account."""
        if registry != self._account and not lets(repository, self._account, _PULL):
            return False
        return self._permissions.allows(role, _PULL, str(repository.arn))

    def _secret(self, source: str, role: str | None) -> str:
        try:
            value = self._secret_value(source, role) if ":secretsmanager:" in source else self._parameter(source, role)
        except (ServiceException, KeyError, ValueError) as error:
            raise _no_secret(source, str(error)) from error
        if value is None:
            raise _no_secret(source, "invalid parameters")
        return value

    def _secret_value(self, source: str, role: str | None) -> str:
        """`source` is arn:…:secret:NAME[:json-key:version-stage:version-id]."""
        parts = source.split(":")
        key, stage, version = [*parts[7:10], "", "", ""][:3]
        # moto's types forbid None, but moto's own API passes None for a missing version.
        backend: Any = secretsmanager_backends[self._account][self._region]
        self._require(source, role, "secretsmanager:GetSecretValue", ":".join(parts[:7]))
        if key_arn := self._customer_key(backend.secrets.get(":".join(parts[:7]))):
            self._require(source, role, "kms:Decrypt", key_arn)
        answer = backend.get_secret_value(":".join(parts[:7]), version or None, stage or "AWSCURRENT")
        text = str(answer["SecretString"])
        return str(json.loads(text)[key]) if key else text

    def _customer_key(self, secret: Any) -> str | None:
        """Return the ARN of the customer-managed key of a secret; None for AWS's own key."""
        key = None if secret is None else secret.kms_key_id
        if key is None or key == "alias/aws/secretsmanager":
            return None
        kms: Any = kms_backends[self._account][self._region]
        return str(kms.describe_key(key).arn)

    def _require(self, source: str, role: str | None, action: str, resource: str) -> None:
        if not self._permissions.allows(role, action, resource):
            why = f"AccessDeniedException: User: {role} is not authorized to perform: {action} on resource: {resource}"
            raise _no_secret(source, why)

    def _parameter(self, source: str, role: str | None) -> str | None:
        """`source` is the name of a parameter or its ARN; ECS accepts no version behind it."""
        name = source.partition(":parameter")[2] if source.startswith("arn:") else source
        if ":" in name:
            raise _no_secret(source, f"ValidationException: Invalid parameter name: {name}")
        arn = f"arn:aws:ssm:{self._region}:{self._account}:parameter/{name.removeprefix('/')}"
        self._require(source, role, "ssm:GetParameters", arn)
        parameter = ssm_backends[self._account][self._region].get_parameters([source]).get(source)
        return None if parameter is None else str(parameter.response_object(decrypt=True)["Value"])

    def _base(self) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"PATH": path, "AWS_REGION": self._region, "AWS_DEFAULT_REGION": self._region}


def free_port() -> int:
    """Return a loopback port that no process listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _on_this_machine(words: Sequence[str], root: Path) -> tuple[str, ...]:
    """Return the command for this machine: paths point into the unpacked image, and `python3` is this interpreter."""
    if not words:
        raise TaskFailedToStart("CannotStartContainerError: no command specified", of_container=True)
    placed = [str(root / word[1:]) if word.startswith("/") and (root / word[1:]).exists() else word for word in words]
    if placed[0] in {"python", "python3"}:
        placed[0] = sys.executable
    elif shutil.which(placed[0]) is None:
        reason = f'CannotStartContainerError: exec: "{placed[0]}": executable file not found in $PATH'
        raise TaskFailedToStart(reason, of_container=True)
    return tuple(placed)


def _port_variables(ports: Mapping[int, int]) -> dict[str, str]:
    variables = {f"PORT_{container}": str(host) for container, host in ports.items()}
    if ports:
        variables["PORT"] = str(next(iter(ports.values())))
    return variables | {"HOST": LOOPBACK}


def _no_secret(source: str, why: str) -> TaskFailedToStart:
    reason = f"ResourceInitializationError: unable to pull secrets or registry auth: {source}: {why}"
    return TaskFailedToStart(reason, of_container=False)
