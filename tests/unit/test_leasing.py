"""The lease without clocks: it is taken over only after it was watched for its time, and its holder alone may write."""

from dataclasses import replace

import pytest

from cutover import operations
from cutover.domain import Status
from cutover.domain.errors import Interrupted, LeaseLost, Refused
from cutover.operations.leasing import acquire, leased, take_over
from cutover.ports import Lease, LeaseRecord, Ports
from support.executions import newest
from support.fakes import InMemoryEnvironment
from support.fakes.in_memory import LEASE_SECONDS


@pytest.fixture
def environment() -> InMemoryEnvironment:
    return InMemoryEnvironment()


@pytest.fixture
def ports(environment: InMemoryEnvironment) -> Ports:
    return environment.driver("v1")


def hold(environment: InMemoryEnvironment) -> Lease:
    """The lease of another driver."""
    return environment.ledger.take("another driver", environment.ledger.lease())


@pytest.mark.parametrize("given_back", [True, False])
def test_a_lease_that_is_free_is_taken_at_once(
    environment: InMemoryEnvironment, ports: Ports, given_back: bool
) -> None:
    if given_back:
        environment.ledger.give_back(hold(environment))
    lease = acquire(ports)
    assert (lease.holder, lease.fence, environment.clock.slept) == ("test", 1 + given_back, 0)


def test_a_lease_that_is_not_renewed_is_taken_over_after_its_time(
    environment: InMemoryEnvironment, ports: Ports
) -> None:
    former = hold(environment)
    lease = acquire(ports)
    assert LEASE_SECONDS <= environment.clock.slept < LEASE_SECONDS + 2
    assert lease.fence == former.fence + 1


@pytest.mark.parametrize("year", [2025, 2027])
def test_no_wall_clock_decides_about_a_lease(environment: InMemoryEnvironment, ports: Ports, year: int) -> None:
    hold(environment)
    record = environment.ledger.lease_record
    assert record is not None
    environment.ledger.lease_record = replace(record, taken_at=record.taken_at.replace(year=year))
    acquire(ports)
    assert LEASE_SECONDS <= environment.clock.slept < LEASE_SECONDS + 2


def test_a_lease_that_is_renewed_is_refused_as_soon_as_it_is_seen_with_the_name_of_its_holder(
    environment: InMemoryEnvironment, ports: Ports
) -> None:
    lease = hold(environment)

    def renew() -> None:
        if environment.clock.slept >= 20:
            environment.ledger.count_renewal(lease)

    environment.clock.on_sleep = renew
    with pytest.raises(Refused, match="another driver is at work here") as error:
        acquire(ports)
    assert error.value.code == "LEASE_HELD"
    assert 20 <= environment.clock.slept <= 22


def test_a_lease_that_is_given_back_during_the_wait_is_taken(environment: InMemoryEnvironment, ports: Ports) -> None:
    lease = hold(environment)
    environment.clock.on_sleep = lambda: environment.ledger.give_back(lease)
    assert acquire(ports).fence == lease.fence + 1
    assert environment.clock.slept <= 2


def test_a_contender_that_sees_a_sign_of_life_does_not_wait_for_a_renewal(
    environment: InMemoryEnvironment, ports: Ports
) -> None:
    hold(environment)
    with pytest.raises(Refused):
        acquire(ports, lambda: environment.clock.slept >= 5)
    assert environment.clock.slept == 5


def test_a_renewal_between_the_last_look_and_the_take_over_refuses_it(
    environment: InMemoryEnvironment, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, read, renewed = hold(environment), environment.ledger.lease, list[float]()

    def read_just_before_a_renewal() -> LeaseRecord | None:
        record = read()
        if environment.clock.slept >= LEASE_SECONDS and not renewed:
            environment.ledger.count_renewal(lease)
            renewed.append(environment.clock.slept)
        return record

    monkeypatch.setattr(environment.ledger, "lease", read_just_before_a_renewal)
    with pytest.raises(Refused):
        acquire(ports)
    assert renewed == [environment.clock.slept]


def test_two_contenders_that_wait_for_the_same_lease_get_it_once(
    environment: InMemoryEnvironment, ports: Ports
) -> None:
    hold(environment)
    seen = environment.ledger.lease()
    environment.ledger.take("first", seen)
    with pytest.raises(Refused):
        environment.ledger.take("second", seen)


def test_a_person_may_take_a_lease_over_at_once(environment: InMemoryEnvironment, ports: Ports) -> None:
    former = hold(environment)
    lease = take_over(ports)
    assert (lease.fence, environment.clock.slept) == (former.fence + 1, 0)
    with pytest.raises(LeaseLost):
        environment.ledger.count_renewal(former)


@pytest.mark.parametrize("error", [None, RuntimeError("a bug"), Interrupted("INTERRUPTED", "SIGTERM")])
def test_the_lease_is_given_back_however_the_work_ends(
    environment: InMemoryEnvironment, ports: Ports, error: Exception | None
) -> None:
    def work() -> None:
        with leased(ports) as held:
            assert held.lease.holder == "test"
            if error is not None:
                raise error

    if error is None:
        work()
    else:
        with pytest.raises(type(error)):
            work()
    record = environment.ledger.lease()
    assert record is not None
    assert record.given_back


def test_a_lease_that_cannot_be_given_back_does_not_hide_the_result(
    environment: InMemoryEnvironment, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(lease: Lease) -> None:
        raise OSError("the network is gone")

    monkeypatch.setattr(environment.ledger, "give_back", broken)
    execution = operations.deploy(ports)
    assert execution is not None
    assert execution.status is Status.COMPLETED


def test_a_lease_that_another_driver_has_is_not_given_back(environment: InMemoryEnvironment, ports: Ports) -> None:
    with leased(ports):
        hold(environment)
    record = environment.ledger.lease()
    assert record is not None
    assert (record.holder, record.given_back) == ("another driver", False)


def test_an_operation_observes_and_plans_only_after_it_has_the_lease(
    environment: InMemoryEnvironment, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    images = ports.images

    class Watched:
        def resolve(self, image: str) -> str:
            record = environment.ledger.lease()
            held.append(record is not None and not record.given_back)
            return images.resolve(image)

    operations.deploy(replace(ports, images=Watched()))
    assert held == [True]


def stopped(environment: InMemoryEnvironment) -> Lease:
    """A deployment of v2 whose driver was killed: it is unfinished, and the lease is not given back."""
    operations.deploy(environment.driver("v1"))
    environment.clock.stop_after = environment.clock.slept + 12
    with pytest.raises(Interrupted):
        operations.deploy(environment.driver("v2"))
    return hold(environment)


def test_an_abort_of_a_dead_driver_is_carried_out_when_its_lease_has_expired(
    environment: InMemoryEnvironment,
) -> None:
    stopped(environment)
    began = environment.clock.slept
    assert operations.abort(environment.driver("v2"), "enough").status is Status.ROLLED_BACK
    assert environment.clock.slept - began >= LEASE_SECONDS
    assert environment.weight_of("v1") == 100


def test_an_abort_with_take_over_does_not_wait_and_is_recorded(environment: InMemoryEnvironment) -> None:
    stopped(environment)
    began = environment.clock.now()
    execution = operations.abort_by_take_over(environment.driver("v2"), "the driver hangs")
    assert execution.status is Status.ROLLED_BACK
    journal = environment.ledger.journal(execution.execution_id)
    resumed = next(event for event in journal if "taken over (the driver hangs)" in event.message)
    assert resumed.at == began
    assert environment.weight_of("v1") == 100


def test_an_abort_is_left_to_a_driver_that_has_read_it(environment: InMemoryEnvironment) -> None:
    stopped(environment)

    def read() -> None:
        head = newest(environment)
        environment.ledger.heads[head.execution_id] = head.model_copy(update={"control_version": 1})

    environment.clock.on_sleep = read
    assert operations.abort(environment.driver("v2")).status is Status.IN_PROGRESS
    assert environment.ledger.control("prod-2").abort is not None


@pytest.mark.parametrize("gives_back", [True, False])
def test_an_execution_that_its_driver_has_ended_is_left_as_it_is(
    environment: InMemoryEnvironment, gives_back: bool
) -> None:
    lease = stopped(environment)

    def end() -> None:
        head = newest(environment)
        environment.ledger.heads[head.execution_id] = head.model_copy(update={"status": Status.ROLLED_BACK})
        if gives_back:
            environment.ledger.give_back(lease)

    environment.clock.on_sleep = end
    calls = list(environment.cloud.calls)
    assert operations.abort(environment.driver("v2")).status is Status.ROLLED_BACK
    assert environment.cloud.calls == calls
    record = environment.ledger.lease()
    assert record is not None
    assert (record.holder, record.given_back) == (("test", True) if gives_back else ("another driver", False))


def test_only_the_newest_execution_can_be_resumed(environment: InMemoryEnvironment) -> None:
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version))
    failed = environment.ledger.heads["prod-1"].model_copy(update={"status": Status.FAILED})
    environment.ledger.heads["prod-1"] = failed
    with pytest.raises(Refused) as error:
        operations.resume(environment.driver("v1"), "prod-1")
    assert error.value.code == "NOT_NEWEST"


def test_executions_are_numbered_whatever_the_clock_says(environment: InMemoryEnvironment) -> None:
    for version in ("v1", "v2", "v3"):
        operations.deploy(environment.driver(version))
        environment.clock.time = environment.clock.time.replace(year=environment.clock.time.year - 1)
    assert [head.execution_id for head in environment.ledger.executions(9)] == ["prod-3", "prod-2", "prod-1"]
    assert newest(environment).candidate.version == "v3"
