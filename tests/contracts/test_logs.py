"""The adapter of the Logs port on the local cloud."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from cutover.adapters.logs import CloudWatchLogs
from cutover.adapters.session import Session

_numbers = count(1)
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def group(session: Session) -> str:
    name = f"shop-{next(_numbers)}-logs"
    session.logs.create_log_group(logGroupName=name)
    return name


def write(session: Session, group: str, stream: str, *messages: str) -> None:
    session.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events: Any = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    session.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_the_events_of_all_streams_are_read(session: Session, group: str) -> None:
    write(session, group, "app/app/1", "a", "b")
    write(session, group, "app/app/2", "c")
    events = list(CloudWatchLogs(session).events(group, LONG_AGO))
    assert sorted((event.stream, event.message) for event in events) == [
        ("app/app/1", "a"),
        ("app/app/1", "b"),
        ("app/app/2", "c"),
    ]
    assert len({event.id for event in events}) == 3


def test_events_before_the_time_are_left_out(session: Session, group: str) -> None:
    write(session, group, "app/app/1", "a")
    assert list(CloudWatchLogs(session).events(group, datetime.now(UTC) + timedelta(hours=1))) == []


def test_more_events_than_fit_into_one_page_are_read(session: Session, group: str) -> None:
    for stream in range(3):
        write(session, group, f"app/app/{stream}", *[f"{stream}-{number}" for number in range(5000)])
    assert len(list(CloudWatchLogs(session).events(group, LONG_AGO))) == 15_000


def test_a_group_that_does_not_exist_has_no_events_and_needs_no_deletion(session: Session) -> None:
    logs = CloudWatchLogs(session)
    assert list(logs.events("none", LONG_AGO)) == []
    logs.delete("none")


def test_groups_are_found_by_their_prefix_and_deleted(session: Session, group: str) -> None:
    logs = CloudWatchLogs(session)
    (found,) = logs.groups(group)
    assert (found.name, found.created_at > LONG_AGO) == (group, True)
    logs.delete(group)
    assert logs.groups(group) == ()
