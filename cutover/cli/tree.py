"""The live tree: the plan with its current step, weights as bars, the last verdicts of the gates, and times."""

import sys
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from cutover.cli.formatting import verdict_line
from cutover.cli.progress import Progress, sparkline
from cutover.cli.reporters import discard_output
from cutover.domain import (
    Execution,
    JournalEvent,
    Outcome,
    Status,
    Step,
    TrafficShare,
    Verdict,
)
from cutover.domain.duration import duration
from cutover.execution.handlers.registry import handler_of

_BAR = 20  # cells
_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.INCONCLUSIVE: "yellow", Outcome.ERROR: "red"}
_STATUS_STYLES = {Status.COMPLETED: "green", Status.ROLLED_BACK: "yellow", Status.FAILED: "red"}


class TreeReporter:
    """Draws the tree at every event, and four times a second to update its times."""

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        self._now = now
        self._execution: Execution | None = None
        self.collected = Progress()
        self._live = Live(self, console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._live.stop()
        except (OSError, SystemExit):
            # The terminal is gone, or the pipe is closed (rich raises SystemExit then): the result still counts.
            discard_output(sys.stdout)

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """Draw the changed execution."""
        if event is not None:
            self.collected.event(event)
        self._execution = execution
        self._live.refresh()

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """Keep the verdict for the next drawing."""
        self.collected.verdict(verdict)
        self._execution = execution

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The tree with the times of now; rich calls this for each drawing."""
        yield (
            Text("preparing…", style="dim")
            if self._execution is None
            else draw(self._execution, self._now(), self.collected)
        )


def draw(execution: Execution, now: datetime, progress: Progress | None = None) -> Tree:
    """The tree of one execution at `now`; `progress` adds times, values and healthy targets."""
    progress = progress or Progress()
    style = _STATUS_STYLES.get(execution.status, "cyan")
    taken = ((execution.completed_at or now) - execution.started_at).total_seconds()
    title = f"{execution.purpose} {execution.candidate.release} by {execution.strategy or execution.plan.strategy}"
    state = f"  {execution.status.value} · {execution.phase.value} · {duration(taken)}"
    tree = Tree(Text.assemble((title, "bold"), (state, style)))
    for share in execution.traffic:
        tree.add(_share_line(share, progress))
    for index, step in enumerate(execution.plan.steps):
        branch = tree.add(_step_line(execution, index, step, now, progress))
        if index == execution.step_index and not execution.finished:
            for verdict in execution.verdicts:
                branch.add(_verdict_line(verdict, progress))
    if execution.error:
        tree.add(Text(f"✖ {execution.error.message}", style="red"))
    return tree


def _share_line(share: TrafficShare, progress: Progress) -> Text:
    filled = round(share.weight * _BAR / 100)
    bar = "█" * filled + "░" * (_BAR - filled)
    line = Text.assemble((bar, "cyan"), f" {share.weight:>3} %  {share.version}  ({share.release})")
    if (counts := progress.health.get(share.release)) is not None:
        healthy, registered = counts
        line.append(f"  {healthy}/{registered} healthy", "green" if healthy and healthy == registered else "yellow")
    return line


def _verdict_line(verdict: Verdict, progress: Progress) -> Text:
    line = Text(verdict_line(verdict), style=_STYLES[verdict.verdict])
    if values := progress.values.get(verdict.gate):
        line.append(f"  {sparkline(values)}", "cyan")
    return line


def _step_line(execution: Execution, index: int, step: Step, now: datetime, progress: Progress) -> Text:
    handler = handler_of(step)
    sentence = handler.sentence()
    if index < execution.step_index:
        took = f"  [{duration(progress.seconds[index])}]" if index in progress.seconds else ""
        return Text(f"✔ {sentence}{took}", style="green")
    if index > execution.step_index or execution.finished:
        return Text(f"○ {sentence}", style="dim")
    if execution.step_started_at is None:
        return Text(f"▶ {sentence}", style="bold cyan")
    since = duration((now - execution.step_started_at).total_seconds())
    until = handler.waits_until(execution.step_started_at)
    shown = f", until {until:%H:%M:%S} UTC" if until is not None else ""
    return Text(f"▶ {sentence}  [{since}{shown}]", style="bold cyan")
