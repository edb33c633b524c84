"""`cutover status [--watch]`: the newest execution and who has the traffic, from the records alone."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from driver.cli.context import Context
from driver.cli.status_object import current_status
from driver.compose import open_ledger
from driver.config import EnvironmentConfig
from driver.model import Allocation, Execution, TrafficShare
from driver.ports import Clock


def run(context: Context) -> int:
    """One look."""
    config = context.config()
    ledger = open_ledger(config)
    execution, allocation = ledger.latest_execution(), ledger.allocation() or Allocation()
    if context.json:
        print(json.dumps(current_status(config, execution, allocation)))
        return 0
    if execution is None:
        print(f"{config.application} in {config.environment}: nothing was deployed yet")
        print(f"  next: cutover -e {config.environment} deploy")
        return 0
    _draw(execution, allocation)
    return 0


def watch(context: Context) -> int:
    """Look every second until the execution ends: a live tree, or with --json one status object for each change."""
    from driver.adapters.clock import SystemClock

    config = context.config()
    ledger, clock = open_ledger(config), SystemClock()
    with _watcher(context, config, clock) as show:
        shown: Execution | None = None
        while (execution := ledger.latest_execution()) is not None:
            if execution != shown:
                show(execution, ledger.allocation() or Allocation())
            shown = execution
            if execution.finished:
                return 0
            clock.sleep(1.0)
    return run(context)


@contextmanager
def _watcher(
    context: Context, config: EnvironmentConfig, clock: Clock
) -> Iterator[Callable[[Execution, Allocation], None]]:
    """How each change is shown: JSON, one tree after the other in a log, or one tree that lives in a terminal."""
    if context.json:
        yield lambda execution, allocation: print(json.dumps(current_status(config, execution, allocation)), flush=True)
        return
    if not context.live:
        yield _draw
        return
    from rich.console import Console

    from driver.cli.tree import TreeReporter

    with TreeReporter(Console(), clock.now) as tree:
        yield lambda execution, allocation: tree.progress(_with_traffic(execution, allocation), None)


def _draw(execution: Execution, allocation: Allocation) -> None:
    from rich.console import Console

    from driver.cli.tree import draw

    Console().print(draw(_with_traffic(execution, allocation), execution.updated_at))


def _with_traffic(execution: Execution, allocation: Allocation) -> Execution:
    """With the records of now: a rollback that another execution began has moved the traffic since."""
    shares = tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in allocation.weights)
    return execution.model_copy(update={"traffic": shares})
