"""What is observed decides: which release is good, serving, surplus or already deployed."""

import pytest

from cutover import operations
from cutover.domain import Allocation, GoodReleases, Release, ReleaseRef, Weight
from cutover.domain.errors import Interrupted, Refused
from cutover.planning.observe import last_good, observe_deployment, observe_way_back
from support.executions import release
from support.fakes import OUTPUTS, InMemoryEnvironment

FRESH = {"analysis": {"metrics": {"latency": {"preset": "latency-p90"}}, "baseline": "fresh"}}
ANALYSED = {"drain": "20s", "kind": "canary", "canary": {"steps": [{"weight": 10}, {"analyse": "15m"}]}}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version))
    return environment


def change(environment: InMemoryEnvironment, version: str, **changes: object) -> Release:
    changed = release(environment, version).model_copy(update=changes)
    environment.ledger.all_releases[changed.ref.release] = changed
    return changed


def test_a_rollback_from_a_good_release_goes_to_the_one_below_it_and_from_any_other_to_the_last_good_one(
    environment: InMemoryEnvironment,
) -> None:
    driver, old, new = environment.driver("v2"), release(environment, "v1"), release(environment, "v2")
    other = old.ref.model_copy(update={"release": "prod-v3-cccccccc"})
    assert (last_good(driver, new.ref), last_good(driver, old.ref), last_good(driver, other)) == (old, None, new)


def test_the_way_back_does_not_depend_on_which_release_has_the_traffic(environment: InMemoryEnvironment) -> None:
    environment.ledger.the_allocation = _allocation(release(environment, "v1").ref)
    assert last_good(environment.driver("v2"), release(environment, "v2").ref) == release(environment, "v1")


def test_a_release_with_any_traffic_is_no_surplus(environment: InMemoryEnvironment) -> None:
    weights = tuple(
        Weight(release=each.ref.release, version=each.ref.version, target_group_arn=f"tg/{each.ref.release}", weight=w)
        for each, w in ((change(environment, "v1", succeeded_at=None), 10), (release(environment, "v2"), 90))
    )
    environment.ledger.the_allocation = Allocation(weights=weights)
    assert operations.releases_to_collect(environment.driver("v2", retention={"mode": "cold"})) == ()


def test_a_release_that_has_all_traffic_but_never_succeeded_is_deployed_again(
    environment: InMemoryEnvironment,
) -> None:
    assert operations.prepare(environment.driver("v2")).nothing_to_do
    environment.ledger.the_good = GoodReleases(names=(release(environment, "v1").ref.release,))
    assert not operations.prepare(environment.driver("v2")).nothing_to_do


def test_a_release_is_not_compared_with_a_copy_of_itself(environment: InMemoryEnvironment) -> None:
    again = operations.prepare(environment.driver("v2", strategy=ANALYSED, gates=FRESH))
    assert again.fresh_baseline is None
    new = operations.prepare(environment.driver("v3", strategy=ANALYSED, gates=FRESH))
    assert new.fresh_baseline is not None
    assert new.fresh_baseline.baseline_for == new.manifest.digest


def test_a_name_that_matches_several_releases_is_refused_with_all_of_them(environment: InMemoryEnvironment) -> None:
    known = release(environment, "v1")
    manifest = known.manifest.model_copy(update={"cpu": 512})
    other = known.model_copy(update={"manifest": manifest, "ref": manifest.ref})
    environment.ledger.all_releases[other.ref.release] = other
    with pytest.raises(Refused) as error:
        operations.find_release(environment.ledger, "v1")
    assert error.value.code == "RELEASE_AMBIGUOUS"
    assert {known.ref.release, other.ref.release} <= set(error.value.message.replace(",", "").split())


@pytest.mark.parametrize(("recorded", "live"), [(100, 0), (0, 100)])
def test_a_rollback_fears_the_higher_weight_of_what_failed_and_trusts_the_lower_one_of_the_target(
    environment: InMemoryEnvironment, recorded: int, live: int
) -> None:
    failed, target = release(environment, "v2").ref, release(environment, "v1").ref
    environment.ledger.the_allocation = _allocation(failed if recorded else target)
    environment.cloud.weights = _allocation(failed if live else target).positive()
    facts = observe_way_back(environment.driver("v2"), OUTPUTS, failed, moved_traffic=True)
    assert (facts.target, facts.failed_weight, facts.target_weight) == (target, 100, 0)


def _allocation(ref: ReleaseRef) -> Allocation:
    weight = Weight(release=ref.release, version=ref.version, target_group_arn=f"tg/{ref.release}", weight=100)
    return Allocation(weights=(weight,))


def test_the_fresh_baseline_of_a_deployment_is_destroyed_once() -> None:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    environment.clock.stop_after = environment.clock.slept + 20
    driver = environment.driver("v2", strategy=ANALYSED, gates=FRESH)
    with pytest.raises(Interrupted):
        operations.deploy(driver)
    copy = next(each.ref for each in environment.ledger.standing() if each.manifest.baseline_for)
    facts = observe_deployment(driver, release(environment, "v2").ref, 2, copy)
    assert copy not in facts.surplus
