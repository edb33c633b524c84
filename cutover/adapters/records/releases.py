"""Releases: those that stand, those that are retired, and three indexes, so that no cost depends on the history.

A release is under `release#NAME` while it stands and moves to `retired#NAME`. `created#TIME#NAME`,
`version#VERSION#NAME` and `digest#DIGEST#NAME` have no content but their key.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from cutover.adapters.records.items import MOST_KEYS, Items, body
from cutover.adapters.records.leases import LEASE, Leases, lease_lost
from cutover.adapters.records.transactions import transact
from cutover.adapters.records.version_0_1 import good_releases
from cutover.adapters.session import Session
from cutover.domain import Allocation, EngineRuns, EnvironmentRecord, GoodReleases, Release, ReleaseState
from cutover.ports import Changes, Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ALLOCATION, _ENVIRONMENT, _GOOD, _INDEX = "allocation", "environment", "good", "index"
_STANDING, _RETIRED = "release#", "retired#"
_UPGRADED_AT_ONCE = 15
"""Releases whose five items are written in one transaction when records of version 0.1 get their indexes."""


class Releases:
    """The releases, the allocation and the stack of good releases of one application and environment."""

    def __init__(self, session: Session, items: Items, leases: Leases) -> None:
        self._session, self._items, self._leases = session, items, leases
        self.table = items.table
        self._has_index = False
        self._indexed: set[str] = set()
        """Names of releases that this process has written with their indexes."""

    def writes(self, changes: Changes) -> "dict[str, TransactWriteItemTypeDef]":
        """The writes of `changes`, by sort key."""
        writes: dict[str, TransactWriteItemTypeDef] = {}
        for release in {release.ref.release: release for release in changes.releases}.values():
            writes |= self._release_writes(release, indexed=release.ref.release in self._indexed)
        if changes.allocation is not None:
            writes[_ALLOCATION] = self._items.put(_ALLOCATION, changes.allocation)
        if changes.good is not None:
            writes[_GOOD] = self._items.put(_GOOD, changes.good)
        return writes

    def written(self, releases: Iterable[Release]) -> None:
        """Remember that the indexes of `releases` are written."""
        self._indexed.update(release.ref.release for release in releases)

    def allocation(self) -> Allocation:
        """See `Ledger.allocation`."""
        item = self._items.get(_ALLOCATION)
        return body(item, Allocation) if item else Allocation()

    def environment(self) -> EnvironmentRecord | None:
        """See `Ledger.environment`."""
        item = self._items.get(_ENVIRONMENT)
        return body(item, EnvironmentRecord) if item else None

    def put_environment(self, record: EnvironmentRecord) -> None:
        """See `Ledger.put_environment`."""
        self._items.write(_ENVIRONMENT, record)

    def forget_environment(self) -> None:
        """See `Ledger.forget_environment`."""
        self._items.remove(_ENVIRONMENT)

    def engine_runs(self, stack: str) -> EngineRuns:
        """See `DynamoLedger.engine_runs`."""
        item = self._items.get(f"engines#{stack}")
        return body(item, EngineRuns) if item else EngineRuns()

    def put_engine_runs(self, stack: str, runs: EngineRuns) -> None:
        """See `DynamoLedger.put_engine_runs`."""
        self._items.write(f"engines#{stack}", runs)

    def good(self) -> GoodReleases:
        """See `Ledger.good`."""
        if item := self._items.get(_GOOD):
            return body(item, GoodReleases)
        return GoodReleases() if self._index_exists() else good_releases(self._everything())

    def get(self, name: str) -> Release | None:
        """See `Ledger.release`."""
        # It may move between two reads, so the first place is read again.
        for kind in (_STANDING, _RETIRED, _STANDING):
            if item := self._items.get(f"{kind}{name}"):
                return body(item, Release)
        return None

    def standing(self) -> tuple[Release, ...]:
        """See `Ledger.standing`."""
        releases = (body(item, Release) for item in self._items.query(_STANDING))
        # Version 0.1 left retired releases where they stood.
        return _newest_first(release for release in releases if release.state is not ReleaseState.RETIRED)

    def other_environments(self) -> tuple[str, ...]:
        """See `Ledger.other_environments`."""
        others = (item for item in self._items.scan(_STANDING) if item["pk"]["S"] != self._items.partition)
        standing = (item for item in others if body(item, Release).state is not ReleaseState.RETIRED)
        return tuple(sorted({item["pk"]["S"].replace("#", "/") for item in standing}))

    def newest_first(self, limit: int) -> tuple[Release, ...]:
        """See `Ledger.releases`."""
        if not self._index_exists():
            return _newest_first(self._everything())[:limit]
        found: dict[str, Release] = {}
        page: list[str] = []
        for item in self._items.query("created#", newest_first=True, page_size=min(limit, MOST_KEYS)):
            page.append(item["sk"]["S"])
            if len(page) >= min(limit - len(found), MOST_KEYS):
                found |= self._created(page)
                page = []
                if len(found) >= limit:
                    break
        found |= self._created(page)
        return _newest_first(found.values())[:limit]

    def of_version(self, version: str) -> tuple[Release, ...]:
        """See `Ledger.releases_of`."""
        if not self._index_exists():
            return _newest_first(release for release in self._everything() if release.ref.version == version)
        return _newest_first(self._resolve(self._names(f"version#{version}#")).values())

    def with_digest(self, digest: str) -> tuple[Release, ...]:
        """See `Ledger.releases_with`."""
        if not self._index_exists():
            return _newest_first(release for release in self._everything() if release.ref.digest.startswith(digest))
        return _newest_first(self._resolve(self._names(f"digest#{digest}")).values())

    def upgrade(self, lease: Lease) -> None:
        """Give the releases of version 0.1 their indexes and the stack of good releases, once; a kill repeats it."""
        if self._index_exists():
            return
        releases = self._everything()
        if releases and self._items.get(_GOOD) is None:
            self._write(lease, {_GOOD: self._items.put(_GOOD, good_releases(releases))})
        for start in range(0, len(releases), _UPGRADED_AT_ONCE):
            writes: dict[str, TransactWriteItemTypeDef] = {}
            for release in releases[start : start + _UPGRADED_AT_ONCE]:
                writes |= self._release_writes(release, indexed=False)
            self._write(lease, writes)
        self._write(lease, {_INDEX: self._items.put(_INDEX, None, schema=1)})
        self._has_index = True

    def _release_writes(self, release: Release, *, indexed: bool) -> "dict[str, TransactWriteItemTypeDef]":
        name = release.ref.release
        retired = release.state is ReleaseState.RETIRED
        here, elsewhere = (_RETIRED, _STANDING) if retired else (_STANDING, _RETIRED)
        key = f"{here}{name}"
        writes = {key: self._items.put(key, release, version=release.ref.version, state=release.state.value)}
        if retired or not indexed:
            writes[f"{elsewhere}{name}"] = self._items.delete(f"{elsewhere}{name}")
        if not indexed:
            keys = (
                _created_key(release),
                f"version#{release.ref.version}#{name}",
                f"digest#{release.ref.digest}#{name}",
            )
            writes |= {index: self._items.put(index, None) for index in keys}
        return writes

    def _write(self, lease: Lease, writes: "dict[str, TransactWriteItemTypeDef]") -> None:
        if transact(self._session, self._items.table, {LEASE: self._leases.check(lease), **writes}):
            raise lease_lost(lease)

    def _index_exists(self) -> bool:
        self._has_index = self._has_index or self._items.get(_INDEX) is not None
        return self._has_index

    def _everything(self) -> Sequence[Release]:
        """All releases, whose number version 0.1 did not bound."""
        items = [*self._items.query(_STANDING), *self._items.query(_RETIRED)]
        return [body(item, Release) for item in items]

    def _created(self, keys: Sequence[str]) -> dict[str, Release]:
        """Name → release, of index items."""
        return self._resolve([key.rpartition("#")[2] for key in keys])

    def _names(self, prefix: str) -> list[str]:
        return [item["sk"]["S"].rpartition("#")[2] for item in self._items.query(prefix)]

    def _resolve(self, names: Sequence[str]) -> dict[str, Release]:
        """Name → release."""
        items = self._items.get_all([f"{_STANDING}{name}" for name in names])
        found = {name: items[f"{_STANDING}{name}"] for name in names if f"{_STANDING}{name}" in items}
        items = self._items.get_all([f"{_RETIRED}{name}" for name in names if name not in found])
        found |= {name: items[f"{_RETIRED}{name}"] for name in names if f"{_RETIRED}{name}" in items}
        releases = {name: body(item, Release) for name, item in found.items()}
        moved = {name: self.get(name) for name in names if name not in found}
        return releases | {name: release for name, release in moved.items() if release is not None}


def _created_key(release: Release) -> str:
    return f"created#{release.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}#{release.ref.release}"


def _newest_first(releases: Iterable[Release]) -> tuple[Release, ...]:
    return tuple(sorted(releases, key=lambda release: (release.created_at, release.ref.release), reverse=True))
