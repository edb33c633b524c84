"""The Configuration port in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cutover.domain.secret import SecretVersion
from cutover.ports import PinnedSecret


@dataclass
class FakeConfiguration:
    """Implements `cutover.ports.Configuration`: every secret exists and is pinned already."""

    labelled: set[SecretVersion] = field(default_factory=set)

    def pin(self, reference: str) -> PinnedSecret:
        return PinnedSecret(reference, None)

    def keep(self, versions: Iterable[SecretVersion]) -> None:
        self.labelled |= set(versions)

    def let_go(self, versions: Iterable[SecretVersion]) -> None:
        self.labelled -= set(versions)
