"""The lease while a driver holds it: it survives failures, and it is lost before another driver can take it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import CredentialRetrievalError

from cutover.adapters.clock import SystemClock
from cutover.adapters.lease_renewal import FIRST_SIGN_SECONDS, RenewedLease, lease_renewal
from cutover.domain.errors import Interrupted, LeaseLost, TransientFailure
from cutover.ports import HeldLease
from support.fakes import FakeClock, FakeLedger
from support.fakes.held_lease import hold_lease
from support.ledger_records import take

SECONDS = 60.0


@dataclass
class Holder:
    """A driver that took the lease; `pass_time` lets the background renewal run as time passes."""

    clock: FakeClock = field(default_factory=FakeClock)
    lost: threading.Event = field(default_factory=threading.Event)
    sends: int = 0
    failure: Exception | None = None

    def __post_init__(self) -> None:
        self.ledger = FakeLedger(self.clock, before_write=self._send)
        self.held = RenewedLease(self.ledger, take(self.ledger, "host-a"), SECONDS, self.clock, self.lost)
        self.held.renew_if_due()

    def _send(self, what: str) -> None:
        del what
        self.sends += 1
        if self.failure is not None:
            raise self.failure

    def pass_time(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            wait = self.held.renew_if_due()
            self.clock.sleep(min(1.0, 1.0 if wait is None else max(wait, 0.01)))

    @property
    def renewals(self) -> int:
        record = self.ledger.lease()
        assert record is not None
        return record.renewals


def test_the_lease_is_renewed_three_times_within_its_duration() -> None:
    holder = Holder()
    holder.pass_time(SECONDS * 5)
    assert 14 <= holder.renewals <= 16
    assert holder.held.seconds_left() >= SECONDS * 2 / 3 - 1


@pytest.mark.parametrize(
    "failure",
    [
        TransientFailure("AWS_UNAVAILABLE", "throttled"),
        CredentialRetrievalError(provider="assume-role", error_msg="STS timed out"),
        RuntimeError("a bug"),
        MemoryError(),
    ],
)
def test_no_failure_ends_the_renewal_while_the_lease_lasts(failure: Exception) -> None:
    holder = Holder()
    holder.failure = failure
    holder.pass_time(SECONDS - 5)
    assert 0 < holder.held.seconds_left() < 6
    holder.failure = None
    holder.pass_time(6)
    assert holder.held.seconds_left() > SECONDS / 2
    assert not holder.lost.is_set()


def test_a_lease_that_could_not_be_renewed_is_lost_when_it_expires() -> None:
    holder = Holder()
    holder.failure = TransientFailure("AWS_UNREACHABLE", "no network")
    holder.pass_time(SECONDS - 1)
    assert not holder.lost.is_set()
    holder.pass_time(2)
    assert holder.lost.is_set()
    holder.failure = None
    with pytest.raises(LeaseLost):
        holder.held.renew()
    assert holder.held.seconds_left() == 0


def test_the_lease_has_expired_when_the_laptop_wakes_up_although_no_thread_ran() -> None:
    holder = Holder()
    holder.clock.uptime += SECONDS
    assert holder.held.seconds_left() == 0
    with pytest.raises(LeaseLost):
        holder.held.renew()
    assert holder.lost.is_set()


def test_a_jump_of_the_wall_clock_changes_nothing() -> None:
    holder = Holder()
    holder.clock.time = holder.clock.time.replace(year=2030)
    holder.pass_time(SECONDS)
    assert holder.held.seconds_left() > SECONDS / 2


def test_the_time_left_counts_from_before_the_renewal_was_sent() -> None:
    holder = Holder()

    def slow(what: str) -> None:
        del what
        holder.clock.sleep(15)

    holder.ledger.before_write = slow
    holder.held.renew()
    assert holder.held.seconds_left() == SECONDS - 15


def test_a_driver_that_gives_no_sign_of_life_in_time_loses_the_lease() -> None:
    holder = Holder()
    holder.held.expect(100)
    holder.pass_time(100)
    renewals = holder.renewals
    holder.pass_time(SECONDS + 1)
    assert holder.renewals - renewals <= 1
    assert holder.lost.is_set()
    assert holder.held.seconds_left() == 0


def test_a_driver_that_never_gives_a_sign_of_life_loses_the_lease() -> None:
    holder = Holder()
    holder.pass_time(FIRST_SIGN_SECONDS)
    assert not holder.lost.is_set()
    holder.pass_time(SECONDS + 1)
    assert holder.lost.is_set()


def test_a_sign_of_life_that_comes_late_but_in_the_lease_starts_the_renewal_again() -> None:
    holder = Holder()
    holder.held.expect(30)
    holder.pass_time(70)
    assert holder.held.seconds_left() < SECONDS / 2
    holder.held.expect(30)
    holder.pass_time(1)
    assert holder.held.seconds_left() > SECONDS - 2


def test_a_lease_that_another_driver_took_is_lost_at_the_next_renewal() -> None:
    holder = Holder()
    take(holder.ledger, "host-b")
    holder.pass_time(SECONDS / 3 + 2)
    assert holder.lost.is_set()
    assert holder.held.seconds_left() == 0
    with pytest.raises(LeaseLost):
        holder.held.renew()


def test_a_lease_that_was_taken_before_the_renewal_starts_is_refused() -> None:
    clock = FakeClock()
    ledger = FakeLedger(clock)
    lease = take(ledger, "host-a")
    take(ledger, "host-b")
    with pytest.raises(LeaseLost), lease_renewal(ledger, SECONDS, clock, threading.Event())(lease):
        raise AssertionError("the lease was held")


def test_a_signal_ends_the_wait_for_the_first_renewal() -> None:
    clock = FakeClock(stop_after=20)
    ledger = FakeLedger(clock, before_write=Holder(failure=RuntimeError("down"))._send)
    with (
        pytest.raises(Interrupted),
        lease_renewal(ledger, SECONDS, clock, threading.Event())(take(ledger)),
    ):
        raise AssertionError("the lease was held")


@contextmanager
def real(seconds: float, ledger: FakeLedger, lost: threading.Event) -> Iterator[HeldLease]:
    with lease_renewal(ledger, seconds, SystemClock(), lost)(take(ledger)) as held:
        yield held


def wait_until(condition: Callable[[], bool]) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + 10
    while not condition():
        assert clock.monotonic() < deadline
        clock.sleep(0.01)


def test_the_thread_renews_through_failures_and_ends_with_the_context() -> None:
    ledger, lost, sent = FakeLedger(FakeClock()), threading.Event(), []

    def fail_each_second_time(what: str) -> None:
        sent.append(what)
        if len(sent) % 2 == 0:
            raise RuntimeError("a bug")

    ledger.before_write = fail_each_second_time
    with real(0.5, ledger, lost) as held:
        wait_until(lambda: len(sent) >= 6)
        assert held.seconds_left() > 0
    assert not any(thread.name == "lease-renewal" for thread in threading.enumerate())
    assert not lost.is_set()


def test_the_thread_says_that_the_lease_is_lost() -> None:
    ledger, lost = FakeLedger(FakeClock()), threading.Event()
    with real(0.3, ledger, lost):
        take(ledger, "host-b")
        assert lost.wait(10)


def test_a_worker_that_lost_one_lease_can_hold_the_next() -> None:
    ledger, lost = FakeLedger(FakeClock()), threading.Event()
    lost.set()
    with real(60, ledger, lost) as held:
        assert held.seconds_left() > 50
    assert not lost.is_set()


def test_the_fake_of_the_unit_tests_expires_and_hangs_alike() -> None:
    clock = FakeClock()
    ledger = FakeLedger(clock)
    with hold_lease(ledger, clock, SECONDS)(take(ledger)) as held:
        clock.sleep(50)
        assert held.seconds_left() == SECONDS
        held.expect(10)
        clock.sleep(40)
        assert held.seconds_left() == SECONDS - 30
        held.expect(100)
        assert held.seconds_left() == SECONDS
        clock.uptime += SECONDS
        with pytest.raises(LeaseLost):
            held.renew()
        assert held.seconds_left() == 0
