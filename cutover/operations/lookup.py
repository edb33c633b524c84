"""Find the release that a person means by a name, a version, or the start of a digest."""

from cutover.domain import Release
from cutover.domain.errors import Refused
from cutover.ports import Ledger

_SHORTEST_DIGEST = 8
"""Characters; a shorter start of a digest may match by accident."""


def find_release(ledger: Ledger, name: str) -> Release:
    """The release with this name, version or start of a digest.

    Raises:
        Refused: the ledger has no such release, or more than one.
    """
    matches = [release for release in ledger.releases() if _matches(release, name)]
    if not matches:
        raise Refused("RELEASE_UNKNOWN", f"the ledger has no release {name}", "cutover releases")
    if len(matches) > 1:
        names = ", ".join(release.ref.release for release in matches)
        raise Refused("RELEASE_AMBIGUOUS", f"{name} matches several releases: {names}", "cutover releases")
    return matches[0]


def _matches(release: Release, name: str) -> bool:
    if name == release.ref.release:
        return True
    # A fresh baseline has the version of the release that it copies.
    if name == release.ref.version:
        return release.manifest.baseline_for is None
    return len(name) >= _SHORTEST_DIGEST and release.ref.digest.startswith(name)
