"""Secrets Manager and the Parameter Store."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cutover.domain.secret import SecretVersion


@dataclass(frozen=True, slots=True)
class PinnedSecret:
    """A secret or a parameter as a release uses it."""

    reference: str
    """The value of `valueFrom` in a task definition: a secret with its version, or the ARN of a parameter."""
    key: str | None
    """ARN of the customer-managed KMS key that encrypts it; None for a key of AWS, which needs no permission."""


class Configuration(Protocol):
    """Pins secrets to a version and keeps these versions; never reads a value."""

    def pin(self, reference: str) -> PinnedSecret:
        """The secret with its current version, or the parameter; writes nothing.

        Raises:
            InvalidInput: there is no such secret or parameter, or the secret has no staging label left.
        """
        ...

    def keep(self, versions: Iterable[SecretVersion]) -> None:
        """Label the versions, so that Secrets Manager does not delete them. A repeat does nothing.

        Raises:
            InvalidInput: a version does not exist any more, or its secret has no staging label left.
        """
        ...

    def let_go(self, versions: Iterable[SecretVersion]) -> None:
        """Remove the labels that `keep` has added. It ignores versions and secrets that do not exist any more."""
        ...
