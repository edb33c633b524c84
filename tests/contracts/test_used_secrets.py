"""The contract of `Ledger.used_secrets`: the versions that releases of all applications in the records may need."""

from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.domain import GoodReleases, Release, ReleaseState
from cutover.domain.secret import SecretVersion
from cutover.ports import Changes, Ledger
from support.fakes import FakeClock, FakeLedger
from support.ledger_records import commit, head_of, release_of, take
from support.records import RECORDS

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"


def release_with(version: str, secret: str, state: ReleaseState) -> Release:
    release = release_of(version, FakeClock().now(), state)
    container = release.manifest.container.model_copy(update={"secrets": {"DB": f"{SECRET}:::{secret}"}})
    return release.model_copy(update={"manifest": release.manifest.model_copy(update={"container": container})})


def record(ledger: Ledger, *releases: Release, good: tuple[str, ...] = ()) -> None:
    names = {release.ref.version: release.ref.release for release in releases}
    changes = Changes(releases=releases, good=GoodReleases(names=tuple(names[version] for version in good)))
    commit(ledger, take(ledger), head_of(1, FakeClock()), changes)


def needed(ledger: Ledger) -> set[str]:
    return {each.version for each in ledger.used_secrets() if each == SecretVersion(SECRET, each.version)}


def check(ledger: Ledger) -> None:
    record(
        ledger,
        release_with("v1", "too-old", ReleaseState.RETIRED),
        release_with("v2", "target", ReleaseState.RETIRED),
        release_with("v3", "last", ReleaseState.RETIRED),
        release_with("v4", "starting", ReleaseState.CREATING),
        release_with("v5", "standing", ReleaseState.READY),
        release_with("v6", "failed", ReleaseState.RETIRED),
        good=("v1", "v2", "v3"),
    )
    assert needed(ledger) == {"target", "last", "starting", "standing"}


def test_standing_releases_and_the_last_two_good_ones_need_their_versions() -> None:
    check(FakeLedger(FakeClock()))


def test_dynamodb_finds_them_for_all_applications(session: Session) -> None:
    check(DynamoLedger(session, RECORDS, "shop", "prod", FakeClock()))
    other = DynamoLedger(session, RECORDS, "other", "prod", FakeClock())
    record(other, release_with("v1", "of-another-application", ReleaseState.READY))
    assert needed(other) == {"target", "last", "starting", "standing", "of-another-application"}
