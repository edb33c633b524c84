"""Let processes race for the lease: `python -m support.lease_races ENDPOINT PROCESSES RACES` prints each race's result.

One process loads boto3 and then forks the contenders, because starting each of them alone takes longer than the races.
"""

import json
import multiprocessing
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from threading import BrokenBarrierError
from typing import Any

from cutover.adapters.clock import SystemClock
from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.config.schema import Provider
from cutover.domain.errors import CutoverError
from cutover.ports import Lease, LeaseRecord
from support.records import RECORDS

BEFORE = ("never taken", "given back", "expired", "renewed at the same moment")
"""What the lease is before the race."""
_CONTEXT = multiprocessing.get_context("fork")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Race:
    """The result of one race: who took the lease, whether its holder renewed it, and what is recorded."""

    before: str
    winners: list[str]
    renewed: bool | None
    fence: int
    recorded_holder: str
    recorded_fence: int


@dataclass(frozen=True, slots=True)
class _Task:
    """Take the lease if it is as `seen`, or renew `lease`."""

    environment: str
    seen: LeaseRecord | None
    lease: Lease | None


def main(endpoint: str, processes: int, races: int) -> None:
    """Run the races, and print the result of each."""
    barrier = _CONTEXT.Barrier(processes)
    contenders: list[Connection] = []
    for number in range(processes):
        ours, theirs = _CONTEXT.Pipe()
        _CONTEXT.Process(target=_contend, args=(endpoint, f"contender-{number}", theirs, barrier), daemon=True).start()
        contenders.append(ours)
    for race in _races(endpoint, contenders, races):
        sys.stdout.write(json.dumps(asdict(race)) + "\n")


def _races(endpoint: str, contenders: list[Connection], races: int) -> Iterator[Race]:
    for number in range(races):
        before, environment = BEFORE[number % len(BEFORE)], f"race{number}"
        ledger = _open(endpoint, environment)
        holder = None if before == "never taken" else ledger.take("holder", None)
        if before == "given back" and holder is not None:
            ledger.give_back(holder)
        seen = ledger.lease()
        renews = holder if before == "renewed at the same moment" else None
        for position, contender in enumerate(contenders):
            contender.send(_Task(environment, seen, renews if position == number % len(contenders) else None))
        answers: list[tuple[str, bool]] = [contender.recv() for contender in contenders]
        record = ledger.lease()
        assert record is not None
        winners = [name for name, won in answers if won and name != "holder"]
        renewed = dict(answers).get("holder")
        yield Race(before, winners, renewed, seen.fence if seen else 0, record.holder, record.fence)


def _contend(endpoint: str, name: str, tasks: Connection, barrier: Any) -> None:
    session: Session | None = None
    while True:
        task: _Task = tasks.recv()
        session = session or _session(endpoint)
        ledger = DynamoLedger(session, RECORDS, "shop", task.environment, SystemClock())
        try:
            barrier.wait(_SECONDS)
            if task.lease is not None:
                ledger.renew(task.lease)
            else:
                ledger.take(name, task.seen)
            won = True
        except (CutoverError, BrokenBarrierError):
            won = False
        tasks.send(("holder" if task.lease is not None else name, won))


def _open(endpoint: str, environment: str) -> DynamoLedger:
    return DynamoLedger(_session(endpoint), RECORDS, "shop", environment, SystemClock())


_sessions: dict[str, Session] = {}


def _session(endpoint: str) -> Session:
    """One session for each process; a connection must not be shared by a fork."""
    key = f"{endpoint} {_CONTEXT.current_process().name}"
    if key not in _sessions:
        provider = Provider(
            region="eu-west-1", account_id="123456789012", endpoint=endpoint, access_key="test", secret_key="test"
        )
        _sessions[key] = Session(provider)
    return _sessions[key]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
