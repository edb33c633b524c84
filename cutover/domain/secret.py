"""Which version of a secret a release pins, read from the reference in its task definition."""

from dataclasses import dataclass

_PARTS_OF_ARN = 7


@dataclass(frozen=True, slots=True, order=True)
class SecretVersion:
    """One version of a secret in Secrets Manager."""

    secret: str
    """ARN of the secret."""
    version: str
    """Id of the version."""


def secret_version(reference: str) -> SecretVersion | None:
    """The version that `ARN:json-key:version-stage:version-id` names; None if it names none.

    Parameters of the Parameter Store have no version that a task definition can name
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html).
    """
    parts = reference.split(":")
    if len(parts) <= _PARTS_OF_ARN or parts[2] != "secretsmanager":
        return None
    version = [*parts[_PARTS_OF_ARN:], "", "", ""][2]
    return SecretVersion(":".join(parts[:_PARTS_OF_ARN]), version) if version else None
