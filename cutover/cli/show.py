"""`cutover show NAME`: print one execution with its journal, or one release with its manifest."""

import json

from cutover.cli.context import Context
from cutover.cli.releases import desired_count_of, release_object
from cutover.cli.status_object import status_object
from cutover.composition import open_ledger
from cutover.domain import Allocation, Execution, JournalEvent, Release, broken_link
from cutover.operations import find_release


def run(context: Context, name: str) -> int:
    """`name` is the id of an execution, or the name, version or first 8 or more digits of the digest of a release."""
    config = context.config()
    ledger = open_ledger(config)
    if (execution := ledger.execution(name)) is not None:
        _show_execution(context, execution, ledger.journal(name))
    else:
        release = find_release(ledger, name)
        _show_release(context, release, ledger.allocation(), desired_count_of(config, release))
    return 0


def _show_execution(context: Context, execution: Execution, journal: tuple[JournalEvent, ...]) -> None:
    if context.json:
        events = [event.model_dump(mode="json") for event in journal]
        plan = execution.plan.model_dump(mode="json")
        broken = broken_link(journal)
        print(json.dumps({**status_object(execution), "plan": plan, "journal": events, "journal_broken_at": broken}))
        return
    from rich.console import Console

    from cutover.cli.tree import draw

    console = Console()
    console.print(draw(execution, execution.updated_at))
    for event in journal:
        console.print(f"{event.seq:>4}  {event.at:%H:%M:%S}  {event.kind:<11} {event.message}", highlight=False)
    broken = broken_link(journal)
    intact = "the journal is intact" if broken is None else f"the journal was changed: event {broken} is not as written"
    console.print(f"{len(journal)} events; {intact}", highlight=False)


def _show_release(context: Context, release: Release, allocation: Allocation, desired: int | None) -> None:
    shown = {**release_object(release, allocation, desired), "manifest": release.manifest.model_dump(mode="json")}
    print(json.dumps(shown, indent=None if context.json else 2))
