"""Which former releases are kept: one rule for `deploy` and for `gc`."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import ReleaseRef, RequestKind, Status
from cutover.domain.errors import Refused
from cutover.strategies.retention import surplus
from support.executions import newest, request
from support.fakes import InMemoryEnvironment

FORMER = tuple(ReleaseRef(release=f"prod-{v}", version=v, digest=v * 32) for v in ("v3", "v2", "v1"))
LEFTOVER = ReleaseRef(release="prod-bad", version="bad", digest="b" * 64)


def versions(environment: InMemoryEnvironment) -> list[str]:
    return sorted(manifest.version for manifest in environment.cloud.stacks.values())


@pytest.mark.parametrize(("mode", "keep", "kept"), [("hot", 2, 2), ("warm", 1, 1), ("hot", 0, 0), ("cold", 3, 0)])
def test_the_former_releases_that_succeeded_last_are_kept(mode: str, keep: int, kept: int) -> None:
    destroyed = surplus(FORMER, (), mode, keep, serving_has_succeeded=True)  # type: ignore[arg-type]
    assert destroyed == FORMER[kept:][::-1]


def test_the_release_that_a_rollback_would_go_to_is_destroyed_last() -> None:
    assert surplus(FORMER, (LEFTOVER,), "cold", 0, serving_has_succeeded=True) == (LEFTOVER, *FORMER[::-1])


def test_a_release_that_never_succeeded_is_not_kept() -> None:
    assert surplus(FORMER[:1], (LEFTOVER,), "hot", 3, serving_has_succeeded=True) == (LEFTOVER,)


def test_the_last_good_release_is_kept_while_the_serving_one_never_succeeded() -> None:
    assert surplus(FORMER, (), "cold", 0, serving_has_succeeded=False) == FORMER[:0:-1]


def test_after_hot_hot_cold_a_deploy_keeps_no_former_release_and_gc_agrees() -> None:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1", retention={"mode": "hot"}))
    operations.deploy(environment.driver("v2", retention={"mode": "hot"}))
    driver = environment.driver("v3", retention={"mode": "cold"})
    operations.deploy(driver)
    assert versions(environment) == ["v3"]
    assert operations.releases_to_collect(driver) == ()


@pytest.mark.parametrize("mode", ["hot", "warm", "cold"])
@pytest.mark.parametrize("keep", [0, 1, 2])
def test_gc_has_nothing_to_destroy_after_a_deploy(mode: str, keep: int) -> None:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2", "v3", "v4"):
        driver = environment.driver(version, retention={"mode": mode, "keep": keep})
        operations.deploy(driver)
        assert operations.releases_to_collect(driver) == ()


def test_a_rollback_keeps_no_release_that_it_left_behind() -> None:
    environment = InMemoryEnvironment()
    retention = {"mode": "hot", "keep": 2}
    for version in ("v1", "v2", "v3"):
        operations.deploy(environment.driver(version, retention=retention))
    operations.rollback(environment.driver("v3", retention=retention), "v2")
    driver = environment.driver("v3", retention={"mode": "hot", "keep": 1})
    assert [ref.version for ref in operations.releases_to_collect(driver)] == ["v3"]
    operations.rollback(driver, "v1")
    assert sorted(ref.version for ref in operations.releases_to_collect(driver)) == ["v2", "v3"]


def abort_without_a_way_back(environment: InMemoryEnvironment) -> Callable[[], None]:
    """Let no target of v2 be healthy from when v3 has all traffic, and abort v3 20 s later: the traffic stays."""
    since: list[float] = []

    def abort() -> None:
        if environment.weight_of("v3") == 100 and not newest(environment).finished:
            environment.cloud.behaviour["v2"] = "unhealthy"
            since.append(environment.clock.monotonic())
            if since[-1] - since[0] >= 20:
                request(environment, RequestKind.ABORT)

    return abort


@pytest.mark.parametrize("mode", ["hot", "warm", "cold"])
@pytest.mark.parametrize("keep", [0, 1, 2, 3])
def test_after_a_rollback_that_failed_the_last_good_release_is_kept_and_gc_agrees(mode: str, keep: int) -> None:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version, retention={"mode": "hot", "keep": 3}))
    retention = {"mode": mode, "keep": keep}
    environment.clock.on_sleep = abort_without_a_way_back(environment)
    failed = operations.deploy(environment.driver("v3", retention=retention))
    assert (failed and failed.status, environment.weight_of("v3")) == (Status.FAILED, 100)
    driver = environment.driver("v4", retention=retention)
    assert not {"v2", "v3"} & {ref.version for ref in operations.releases_to_collect(driver)}
    with pytest.raises(Refused, match="still has 100 % of the traffic"):
        operations.deploy(driver)
    environment.clock.on_sleep = lambda: None
    environment.cloud.behaviour.clear()
    operations.rollback(driver, None)
    operations.deploy(driver)
    kept = 0 if mode == "cold" else keep
    assert versions(environment) == [*["v2", "v1"][:kept][::-1], "v4"]
    assert operations.releases_to_collect(driver) == ()


def test_a_release_that_took_the_traffic_back_is_the_first_to_be_kept_by_the_next_deploy() -> None:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version, retention={"mode": "hot"}))
    operations.rollback(environment.driver("v2"), "v1")
    operations.deploy(environment.driver("v3", retention={"mode": "hot", "keep": 1}))
    assert versions(environment) == ["v1", "v3"]
