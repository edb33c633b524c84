"""The control item: requests of people are state, so that none is lost, and none undoes another unseen."""

from datetime import UTC, datetime

import pytest

from cutover.domain import Control, Request, RequestKind
from cutover.domain.control import RECENT

EMPTY = Control(execution_id="prod-1")
KINDS = tuple(RequestKind)
PROMOTES = (RequestKind.PROMOTE, RequestKind.PROMOTE_FULL)


def request(kind: RequestKind, *, step: int = 3, by: str = "alice") -> Request:
    return Request(kind=kind, step_index=step, by=by, at=datetime(2026, 1, 1, tzinfo=UTC))


def after(*kinds: RequestKind) -> Control:
    control = EMPTY
    for kind in kinds:
        control = control.with_request(request(kind))
    return control


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_gets_the_next_version_and_is_kept_for_the_journal(kind: RequestKind) -> None:
    control = EMPTY.with_request(request(kind))
    assert (control.version, [r.kind for r in control.after(0)], control.after(1)) == (1, [kind], ())
    assert control.recent[0].version == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_abort_stays_whatever_is_requested_later(kind: RequestKind) -> None:
    assert after(RequestKind.ABORT, kind).abort is not None


@pytest.mark.parametrize("kind", [RequestKind.ABORT, RequestKind.ACCEPT_LIVE, RequestKind.RESTORE])
def test_a_pause_stays_unless_a_person_continues(kind: RequestKind) -> None:
    assert after(RequestKind.PAUSE, kind).pause is not None


@pytest.mark.parametrize("kind", [RequestKind.RESUME, *PROMOTES])
def test_a_resume_or_a_promote_ends_a_pause(kind: RequestKind) -> None:
    assert after(RequestKind.PAUSE, kind).pause is None


@pytest.mark.parametrize("kind", PROMOTES)
@pytest.mark.parametrize(("seen", "stays"), [(2, True), (3, False), (4, False)])
def test_a_promote_does_not_end_a_pause_of_a_later_step_that_its_author_has_not_seen(
    kind: RequestKind, seen: int, stays: bool
) -> None:
    control = EMPTY.with_request(request(RequestKind.PAUSE, step=3)).with_request(request(kind, step=seen))
    assert (control.pause is not None) is stays


@pytest.mark.parametrize("kind", [RequestKind.ABORT, RequestKind.PAUSE, *PROMOTES])
def test_the_same_request_twice_changes_nothing(kind: RequestKind) -> None:
    once = after(kind)
    assert once.with_request(request(kind, by="bob")) is once


@pytest.mark.parametrize("kind", [RequestKind.ACCEPT_LIVE, RequestKind.RESTORE, RequestKind.RESUME])
def test_every_answer_to_what_the_driver_asks_counts_because_the_driver_may_ask_again(kind: RequestKind) -> None:
    control = after(kind, kind)
    assert (control.version, [r.version for r in control.recent]) == (2, [1, 2])


def test_the_newest_answer_to_a_drift_is_the_one_that_counts() -> None:
    control = after(RequestKind.ACCEPT_LIVE, RequestKind.RESTORE)
    assert (control.drift and control.drift.kind) is RequestKind.RESTORE


def test_a_promote_of_the_next_step_is_another_request() -> None:
    control = EMPTY.with_request(request(RequestKind.PROMOTE, step=3)).with_request(
        request(RequestKind.PROMOTE, step=4)
    )
    assert (control.version, control.promote and control.promote.step_index) == (2, 4)


@pytest.mark.parametrize("kind", PROMOTES)
def test_a_promote_after_a_pause_counts_although_it_was_requested_before(kind: RequestKind) -> None:
    assert after(kind, RequestKind.PAUSE, kind).pause is None


def test_a_resume_after_another_request_counts() -> None:
    assert after(RequestKind.RESUME, RequestKind.PAUSE, RequestKind.RESUME).pause is None


def test_the_item_does_not_grow_with_the_number_of_requests() -> None:
    control = EMPTY
    for _ in range(RECENT):
        control = control.with_request(request(RequestKind.PAUSE)).with_request(request(RequestKind.RESUME))
    assert (control.version, len(control.recent), control.recent[-1].version) == (2 * RECENT, RECENT, 2 * RECENT)
