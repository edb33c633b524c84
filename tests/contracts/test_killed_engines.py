"""The lock of an engine that SIGKILL ended is removed by the next update, however many of them are killed."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.domain import Allocation
from cutover.domain.errors import TransientFailure
from cutover.localcloud.server import LocalCloud
from support.contract_stacks import LocalContractStacks, local_environment

pytestmark = pytest.mark.engine
SECONDS = 60.0


@pytest.fixture(scope="module")
def account(cloud: LocalCloud, state_dir: Path) -> Iterator[LocalContractStacks]:
    """An account with an environment."""
    with local_environment(cloud, state_dir) as local:
        yield local


def locks(account: LocalContractStacks) -> list[Path]:
    return list((account.state_dir / "pulumi").rglob("locks/organization/shop/local/*.json"))


def kill_an_update(account: LocalContractStacks) -> None:
    """SIGKILL for the engine of an update, as soon as it has locked the stack."""
    known = set(locks(account))

    def kill() -> None:
        until = time.monotonic() + SECONDS
        while not set(locks(account)) - known and time.monotonic() < until:
            time.sleep(0.002)
        os.kill(account.records.runs["local"].runs[-1].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(TransientFailure):
            account.stacks.apply_allocation(Allocation(maintenance="down"))
    finally:
        killer.join()
    assert locks(account), "the engine was killed before it had a lock"


def test_an_update_after_a_killed_engine_removes_its_lock(account: LocalContractStacks) -> None:
    kill_an_update(account)
    account.stacks.apply_allocation(Allocation())
    assert locks(account) == []


def test_the_lock_of_an_engine_is_removed_although_the_next_ones_are_killed_too(account: LocalContractStacks) -> None:
    for _ in range(2):
        kill_an_update(account)
    account.stacks.apply_allocation(Allocation())
    assert locks(account) == []
