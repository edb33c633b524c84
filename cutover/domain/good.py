"""The stack of good releases: those whose deployment completed and that nobody has left by a rollback since."""

from cutover.domain.frozen import Frozen

MOST = 50
"""Number of names that the stack keeps. A rollback that goes further back names its target."""


class GoodReleases(Frozen):
    """Names of releases, oldest first; the last one is the last good release.

    A deployment that completes pushes its candidate. A rollback to a release pops every release above it.
    """

    names: tuple[str, ...] = ()

    @property
    def last(self) -> str | None:
        """The last good release; None before the first deployment has completed."""
        return self.names[-1] if self.names else None

    def pushed(self, name: str) -> "GoodReleases":
        """The stack after a deployment of `name` has completed."""
        return GoodReleases(names=(*(each for each in self.names if each != name), name)[-MOST:])

    def back_to(self, name: str, left: str) -> "GoodReleases":
        """The stack after a rollback from `left` to `name`: nothing above `name`, and never `left`."""
        kept = [each for each in self.names if each != left]
        if name not in kept:
            return GoodReleases(names=tuple(kept)).pushed(name)
        return GoodReleases(names=tuple(kept[: kept.index(name) + 1]))

    def last_except(self, name: str) -> str | None:
        """The release that a failed deployment of `name` goes back to."""
        return next((each for each in reversed(self.names) if each != name), None)

    def target_from(self, name: str) -> str | None:
        """The release that a rollback on request goes to from `name`: the one below it, or the last one without it."""
        if name in self.names:
            below = self.names[: self.names.index(name)]
            return below[-1] if below else None
        return self.last
