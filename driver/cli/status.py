"""`cutover status [--watch]`: the newest execution and who has the traffic, from the records alone."""

import json

from driver.cli.context import Context
from driver.cli.status_object import current_status
from driver.compose import open_ledger
from driver.model import Allocation, Execution


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
    """Look every second until the execution ends; with --json one status object for each change."""
    from driver.adapters.clock import SystemClock

    config = context.config()
    ledger, clock = open_ledger(config), SystemClock()
    shown: Execution | None = None
    while (execution := ledger.latest_execution()) is not None:
        allocation = ledger.allocation() or Allocation()
        if execution != shown:
            if context.json:
                print(json.dumps(current_status(config, execution, allocation)), flush=True)
            else:
                _draw(execution, allocation)
        shown = execution
        if execution.finished:
            return 0
        clock.sleep(1.0)
    return run(context)


def _draw(execution: Execution, allocation: Allocation) -> None:
    from rich.console import Console

    from driver.cli.tree import draw
    from driver.model import TrafficShare

    # The records of now: a rollback that another execution began has moved the traffic since.
    shares = tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in allocation.weights)
    Console().print(draw(execution.model_copy(update={"traffic": shares}), execution.updated_at))
