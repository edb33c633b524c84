"""The live tree: the plan with the step at work, weights as bars, gates with their last word, and the time."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from driver.cli.reporters import verdict_line
from driver.cli.words import duration, step_sentence
from driver.model import Execution, JournalEvent, Outcome, Status, Verdict

_BAR = 20  # cells
_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.INCONCLUSIVE: "yellow", Outcome.ERROR: "red"}
_STATUS_STYLES = {Status.COMPLETED: "green", Status.ROLLED_BACK: "yellow", Status.FAILED: "red"}


class TreeReporter:
    """Redraws the tree four times a second between the events, so that the time goes on."""

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        self._now = now
        self._execution: Execution | None = None
        self._live = Live(self, console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """The head changed; the event itself is in the plan's state."""
        del event
        self._execution = execution
        self._live.refresh()

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """A gate looked; its verdict is in the head."""
        del verdict
        self._execution = execution

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What is drawn now."""
        yield Text("preparing…", style="dim") if self._execution is None else draw(self._execution, self._now())


def draw(execution: Execution, now: datetime) -> Tree:
    """The tree of one execution as it stands at `now`."""
    style = _STATUS_STYLES.get(execution.status, "cyan")
    taken = ((execution.completed_at or now) - execution.started_at).total_seconds()
    title = f"{execution.purpose} {execution.candidate.release} by {execution.plan.strategy}"
    state = f"  {execution.status.value} · {execution.phase.value} · {duration(taken)}"
    tree = Tree(Text.assemble((title, "bold"), (state, style)))
    for share in execution.traffic:
        filled = round(share.weight * _BAR / 100)
        bar = "█" * filled + "░" * (_BAR - filled)
        tree.add(Text.assemble((bar, "cyan"), f" {share.weight:>3} %  {share.version}  ({share.release})"))
    for index, step in enumerate(execution.plan.steps):
        branch = tree.add(_step_line(execution, index, step_sentence(step), now))
        if index == execution.step_index and not execution.finished:
            for verdict in execution.verdicts:
                branch.add(Text(verdict_line(verdict), style=_STYLES[verdict.verdict]))
    if execution.error:
        tree.add(Text(f"✖ {execution.error.message}", style="red"))
    return tree


def _step_line(execution: Execution, index: int, sentence: str, now: datetime) -> Text:
    if index < execution.step_index:
        return Text(f"✔ {sentence}", style="green")
    if index > execution.step_index or execution.finished:
        return Text(f"○ {sentence}", style="dim")
    since = (now - execution.step_started_at).total_seconds() if execution.step_started_at else 0.0
    return Text(f"▶ {sentence}  [{duration(since)}]", style="bold cyan")
