"""`cutover logs` shows what a release has written, also a retired one; `gc` deletes a log group after its retention."""

from datetime import timedelta
from itertools import islice

import pytest

from cutover import operations
from cutover.domain import Release
from cutover.domain.errors import Refused
from cutover.ports import LogEvent
from support.executions import release as release_of
from support.fakes import InMemoryEnvironment
from support.fakes.logs import FakeLogs

DAY = timedelta(days=1)


@pytest.fixture
def environment() -> InMemoryEnvironment:
    """v1 serves, v2 crashed and was rolled back."""
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    environment.cloud.behaviour["v2"] = "crash"
    operations.deploy(environment.driver("v2"))
    return environment


@pytest.fixture
def failed(environment: InMemoryEnvironment) -> Release:
    return release_of(environment, "v2")


def group_of(release: Release, suffix: str = "1") -> str:
    return f"{release.ref.resource_prefix('shop')}-logs-{suffix}"


def event(release: Release, second: int, message: str) -> LogEvent:
    return LogEvent(message, release.created_at + timedelta(seconds=second), "app/app/task", message)


def logs_of(release: Release, *messages: str) -> FakeLogs:
    events = [event(release, second, message) for second, message in enumerate(messages)]
    return FakeLogs({group_of(release): release.created_at}, {group_of(release): events})


def test_the_logs_of_a_release_that_failed_and_was_destroyed_are_shown(failed: Release) -> None:
    assert failed.retired_at is not None
    shown = operations.read_logs(logs_of(failed, "starting", "panic"), failed, None)
    assert [each.message for each in shown] == ["starting", "panic"]


def test_only_what_was_written_since_a_time_is_shown(failed: Release) -> None:
    since = failed.created_at + timedelta(seconds=1)
    assert [e.message for e in operations.read_logs(logs_of(failed, "a", "b"), failed, since)] == ["b"]


def test_a_release_without_a_log_group_is_refused_with_the_retention(failed: Release) -> None:
    with pytest.raises(Refused, match="kept for 30 days"):
        list(operations.read_logs(FakeLogs(), failed, None))


def test_following_shows_each_event_once_also_one_that_appears_late(
    environment: InMemoryEnvironment, failed: Release
) -> None:
    logs = logs_of(failed, "first")
    written = logs.written[group_of(failed)]
    environment.clock.on_sleep = lambda: written.insert(0, event(failed, 0, f"late-{len(written)}"))
    followed = operations.follow_logs(logs, environment.clock, failed, None)
    assert [each.message for each in islice(followed, 3)] == ["first", "late-1", "late-2"]


def expired(environment: InMemoryEnvironment, logs: FakeLogs) -> tuple[str, ...]:
    return operations.expired_log_groups(environment.ledger, logs, environment.clock, "shop")


def test_a_log_group_expires_when_its_retention_is_over_and_not_before(
    environment: InMemoryEnvironment, failed: Release
) -> None:
    logs = logs_of(failed)
    environment.clock.sleep((29 * DAY).total_seconds())
    assert expired(environment, logs) == ()
    environment.clock.sleep((2 * DAY).total_seconds())
    assert expired(environment, logs) == (group_of(failed),)


def test_the_log_group_of_a_release_that_stands_never_expires(environment: InMemoryEnvironment) -> None:
    logs = logs_of(release_of(environment, "v1"))
    environment.clock.sleep((100 * DAY).total_seconds())
    assert expired(environment, logs) == ()


def test_the_new_log_group_of_a_release_that_is_created_again_does_not_expire(
    environment: InMemoryEnvironment, failed: Release
) -> None:
    logs = logs_of(failed)
    environment.clock.sleep((31 * DAY).total_seconds())
    logs.created[group_of(failed, "2")] = environment.clock.now()
    assert expired(environment, logs) == (group_of(failed),)


def test_a_destroy_deletes_the_log_groups_of_all_releases_and_of_no_other(
    environment: InMemoryEnvironment, failed: Release
) -> None:
    logs = logs_of(failed)
    serving = release_of(environment, "v1")
    logs.created |= {group_of(serving): serving.created_at, "shop-other": serving.created_at}
    operations.delete_logs(environment.ledger, logs)
    assert set(logs.created) == {"shop-other"}
