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
    matches = _matches(ledger, name)
    if not matches:
        raise Refused("RELEASE_UNKNOWN", f"the ledger has no release {name}", "cutover releases")
    if len(matches) > 1:
        names = ", ".join(release.ref.release for release in matches)
        raise Refused("RELEASE_AMBIGUOUS", f"{name} matches several releases: {names}", "cutover releases")
    return matches[0]


def _matches(ledger: Ledger, name: str) -> tuple[Release, ...]:
    if (release := ledger.release(name)) is not None:
        return (release,)
    # A fresh baseline has the version of the release that it copies.
    if of_version := tuple(r for r in ledger.releases_of(name) if r.manifest.baseline_for is None):
        return of_version
    return ledger.releases_with(name) if len(name) >= _SHORTEST_DIGEST else ()
