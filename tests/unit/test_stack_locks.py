"""A lock in Pulumi's backend is removed only if the records say that a dead driver's engine left it."""

import os
import socket

import pytest

from cutover.adapters.stacks.locks import Locks, locks_in, record_run, this_run
from cutover.domain import EngineRun, EngineRuns
from cutover.domain.errors import LeaseLost, TransientFailure

DEAD = 2**22 + 1  # above the kernel's highest pid
GRACE = 300.0
MESSAGE = """error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete
  s3://state/.pulumi/locks/organization/shop/prod/1.json: created by {user}@{host} (pid {pid}) at 2026-11-25T09:00:00Z
"""


class Runs:
    """Where the runs of the engine are recorded."""

    def __init__(self, *runs: EngineRun) -> None:
        self.runs = EngineRuns(runs=runs)

    def engine_runs(self, stack: str) -> EngineRuns:
        assert stack == "prod"
        return self.runs

    def put_engine_runs(self, stack: str, runs: EngineRuns) -> None:
        assert stack == "prod"
        self.runs = runs


def waited_for(run: EngineRun | None, host: str, pid: int) -> list[float]:
    """The waits before the lock of that process may be removed."""
    waits: list[float] = []
    runs = Runs() if run is None else Runs(run)
    Locks(runs, "shop", GRACE, waits.append).require_ours("prod", MESSAGE.format(user="ci", host=host, pid=pid))
    return waits


def test_the_message_of_the_engine_names_every_lock() -> None:
    (lock,) = locks_in(MESSAGE.format(user="alice", host="laptop", pid=7))
    assert (lock.user, lock.host, lock.pid) == ("alice", "laptop", 7)


def test_the_lock_of_a_recorded_process_that_has_ended_here_is_removed_at_once() -> None:
    assert waited_for(this_run(DEAD), socket.gethostname(), DEAD) == []


def test_a_recorded_process_of_another_machine_gets_the_grace_to_end() -> None:
    assert waited_for(EngineRun(host="runner", pid=7, boot_id="b", pid_namespace="n"), "runner", 7) == [GRACE]


def test_a_container_with_the_same_host_name_and_kernel_is_not_this_one() -> None:
    other = this_run(DEAD).model_copy(update={"pid_namespace": "pid:[1]"})
    assert waited_for(other, socket.gethostname(), DEAD) == [GRACE]


def test_a_recorded_process_that_still_runs_gets_the_grace_to_end() -> None:
    assert waited_for(this_run(os.getpid()), socket.gethostname(), os.getpid()) == [GRACE]


@pytest.mark.parametrize("run", [None, this_run(DEAD + 1)])
def test_the_lock_of_a_person_stays_and_the_message_says_how_to_remove_it(run: EngineRun | None) -> None:
    with pytest.raises(TransientFailure, match=r"locked by ci@\S+ \(process \d+\)") as refused:
        waited_for(run, socket.gethostname(), DEAD)
    assert (refused.value.code, refused.value.hint) == (
        "STACK_LOCKED",
        "pulumi cancel -s organization/shop/prod",
    )


def test_a_lock_that_another_run_has_taken_during_the_wait_stays() -> None:
    runs = Runs(EngineRun(host="runner", pid=7, boot_id="b", pid_namespace="n"))

    def wait(seconds: float) -> None:
        assert seconds == GRACE
        record_run(runs, "prod", DEAD)

    with pytest.raises(TransientFailure):
        Locks(runs, "shop", GRACE, wait).require_ours("prod", MESSAGE.format(user="ci", host="runner", pid=7))


def test_a_driver_that_loses_its_lease_during_the_wait_removes_nothing() -> None:
    def wait(seconds: float) -> None:
        raise LeaseLost("LEASE_LOST", f"lost within {seconds:g} s")

    runs = Runs(EngineRun(host="runner", pid=7, boot_id="b", pid_namespace="n"))
    with pytest.raises(LeaseLost):
        Locks(runs, "shop", GRACE, wait).require_ours("prod", MESSAGE.format(user="ci", host="runner", pid=7))


def test_a_lock_is_removed_although_runs_that_it_refused_were_recorded_later() -> None:
    runs = Runs()
    for pid in range(DEAD, DEAD + 30):
        record_run(runs, "prod", pid)
        message = MESSAGE.format(user="ci", host=socket.gethostname(), pid=DEAD)
        Locks(runs, "shop", GRACE, refuse).require_ours("prod", message)
    assert [run.pid for run in runs.runs.runs] == [DEAD]


def test_the_last_ten_runs_are_kept() -> None:
    runs = Runs()
    for pid in range(1, 30):
        record_run(runs, "prod", pid)
    assert [run.pid for run in runs.runs.runs] == list(range(20, 30))


def refuse(seconds: float) -> None:
    raise AssertionError(f"waits {seconds} s for a process that has ended here")
