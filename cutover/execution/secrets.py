"""Keeps the versions of secrets that releases pin, and lets go of those that no release needs any more."""

from cutover.domain import Release, ReleaseState
from cutover.domain.secret import SecretVersion, secret_version
from cutover.ports import Ports

_MOST = 100
"""Number of the newest releases whose labels are looked for."""


def keep_secrets(ports: Ports, release: Release) -> None:
    """Label the versions that a release pins, before its tasks read them.

    Raises:
        InvalidInput: a version does not exist any more, or its secret has no staging label left.
    """
    if versions := pinned_secrets(release):
        ports.configuration.keep(versions)


def let_go_of_secrets(ports: Ports) -> None:
    """Remove the labels of the versions that only retired releases pin. Call it under the lease."""
    retired = [release for release in ports.ledger.releases(_MOST) if release.state is ReleaseState.RETIRED]
    versions = {version for release in retired for version in pinned_secrets(release)}
    unused = versions - ports.ledger.used_secrets() if versions else set()
    if not unused:
        return
    ports.configuration.let_go(unused)
    # Another application may have recorded a release with such a version since the ledger was read.
    if used_again := unused & ports.ledger.used_secrets():
        ports.configuration.keep(used_again)


def pinned_secrets(release: Release) -> frozenset[SecretVersion]:
    """The versions of secrets that a release pins."""
    references = release.manifest.container.secrets.values()
    return frozenset(version for each in references if (version := secret_version(each)) is not None)
