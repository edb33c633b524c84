"""`cutover status [--watch]`: the newest execution and who has the traffic, from the records alone."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cutover.cli.context import Context
from cutover.cli.progress import Progress
from cutover.cli.status_object import current_status
from cutover.composition import open_clock, open_ledger
from cutover.config import EnvironmentConfig
from cutover.domain import Allocation, Execution, TrafficShare
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import Clock, Ledger


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
    config = context.config()
    ledger, clock = open_ledger(config), open_clock()
    with _watcher(context, config, clock, ledger) as show:
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
    context: Context, config: EnvironmentConfig, clock: Clock, ledger: Ledger
) -> Iterator[Callable[[Execution, Allocation], None]]:
    """How each change is shown: JSON, one tree after the other in a log, or one tree that lives in a terminal."""
    if context.json:
        yield lambda execution, allocation: print(json.dumps(current_status(config, execution, allocation)), flush=True)
        return
    look = _Look(config, ledger)
    if not context.live:
        yield lambda execution, allocation: _draw(execution, allocation, look(execution))
        return
    from rich.console import Console

    from cutover.cli.tree import TreeReporter

    with TreeReporter(Console(), clock.now) as tree:

        def show(execution: Execution, allocation: Allocation) -> None:
            tree.observed = look(execution)
            tree.progress(_with_traffic(execution, allocation), None)

        yield show


class _Look:
    """What a watcher reads beside the head: the journal's times, the measurements, and who is healthy now."""

    def __init__(self, config: EnvironmentConfig, ledger: Ledger) -> None:
        from cutover.composition import open_traffic

        self._config, self._ledger, self._traffic = config, ledger, open_traffic(config)

    def __call__(self, execution: Execution) -> Progress:
        progress = Progress()
        for event in self._ledger.journal(execution.execution_id):
            progress.event(event)
        progress.measurements(self._config.gates, self._ledger.measurements(execution.execution_id))
        releases = {share.release for share in execution.traffic} | {execution.candidate.release}
        progress.health = {release: counts for release in releases if (counts := self._health(release)) is not None}
        return progress

    def _health(self, release: str) -> tuple[int, int] | None:
        known = self._ledger.release(release)
        if known is None or known.outputs is None:
            return None
        try:
            targets = self._traffic.target_health(known.outputs.target_group_arn)
        except (StepFailed, TransientFailure):
            # It is being destroyed, or AWS is busy: a watcher shows what it can.
            return None
        return sum(target.state == "healthy" for target in targets), len(targets)


def _draw(execution: Execution, allocation: Allocation, progress: Progress | None = None) -> None:
    from rich.console import Console

    from cutover.cli.tree import draw

    Console().print(draw(_with_traffic(execution, allocation), execution.updated_at, progress))


def _with_traffic(execution: Execution, allocation: Allocation) -> Execution:
    """With the records of now: a rollback that another execution began has moved the traffic since."""
    shares = tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in allocation.weights)
    return execution.model_copy(update={"traffic": shares})
