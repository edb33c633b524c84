"""`cutover status [--watch]`: print the newest execution and the traffic, from the records."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.cli.progress import Progress
from cutover.cli.status_object import current_status
from cutover.composition import open_clock, open_ledger, open_traffic
from cutover.config import EnvironmentConfig
from cutover.domain import Allocation, Execution
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import Clock, Ledger

_POLL_SECONDS = 1.0


def run(context: Context) -> int:
    """Print the status once."""
    config = context.config()
    ledger = open_ledger(config)
    execution, allocation = ledger.latest_execution(), ledger.allocation()
    if context.json:
        print(json.dumps(current_status(config, execution, allocation)))
    elif execution is None:
        print(f"{config.application} in {config.environment}: no deployment yet")
        print(next_line(config.environment, "deploy"))
    else:
        _draw(execution, allocation)
    return 0


def watch(context: Context) -> int:
    """Print every change until the execution ends: a live tree, or with --json one status object for each change."""
    config = context.config()
    ledger, clock = open_ledger(config), open_clock()
    with _watcher(context, config, clock, ledger) as show:
        shown: Execution | None = None
        while (execution := ledger.latest_execution()) is not None:
            if execution != shown:
                show(execution, ledger.allocation())
            shown = execution
            if execution.finished:
                return 0
            clock.sleep(_POLL_SECONDS)
    return run(context)


@contextmanager
def _watcher(
    context: Context, config: EnvironmentConfig, clock: Clock, ledger: Ledger
) -> Iterator[Callable[[Execution, Allocation], None]]:
    """Choose how a change is shown: as a line of JSON, as a new tree in a log, or in the live tree of a terminal."""
    if context.json:
        yield lambda execution, allocation: print(json.dumps(current_status(config, execution, allocation)), flush=True)
        return
    collector = _Collector(config, ledger)
    if not context.live:
        yield lambda execution, allocation: _draw(execution, allocation, collector.collect(execution))
        return
    from rich.console import Console

    from cutover.cli.tree import TreeReporter

    with TreeReporter(Console(), clock.now) as tree:

        def show(execution: Execution, allocation: Allocation) -> None:
            tree.collected = collector.collect(execution)
            tree.progress(_with_traffic(execution, allocation), None)

        yield show


class _Collector:
    """Reads what the tree shows beside the head: the journal's times, the measurements, the healthy targets."""

    def __init__(self, config: EnvironmentConfig, ledger: Ledger) -> None:
        self._config, self._ledger, self._traffic = config, ledger, open_traffic(config)

    def collect(self, execution: Execution) -> Progress:
        progress = Progress()
        for event in self._ledger.journal(execution.execution_id):
            progress.event(event)
        progress.measurements(self._config.gates, self._ledger.measurements(execution.execution_id))
        releases = {share.release for share in execution.traffic} | {execution.candidate.release}
        progress.health = {release: counts for release in releases if (counts := self._health(release)) is not None}
        return progress

    def _health(self, name: str) -> tuple[int, int] | None:
        """Numbers of healthy and of registered targets; None if they cannot be read."""
        release = self._ledger.release(name)
        if release is None or release.outputs is None:
            return None
        try:
            targets = self._traffic.target_health(release.outputs.target_group_arn)
        except (StepFailed, TransientFailure):
            # The release is being destroyed, or AWS throttles: show the status without the health of this release.
            return None
        return sum(target.state == "healthy" for target in targets), len(targets)


def _draw(execution: Execution, allocation: Allocation, progress: Progress | None = None) -> None:
    from rich.console import Console

    from cutover.cli.tree import draw

    Console().print(draw(_with_traffic(execution, allocation), execution.updated_at, progress))


def _with_traffic(execution: Execution, allocation: Allocation) -> Execution:
    """The execution with the traffic that is recorded now: a later execution may have changed it."""
    return execution.model_copy(update={"traffic": allocation.traffic})
