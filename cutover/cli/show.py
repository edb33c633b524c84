"""`cutover show NAME`: print one execution with its journal, or one release with its manifest."""

import json

from cutover.cli.context import Context
from cutover.cli.releases import release_object
from cutover.cli.status_object import status_object
from cutover.composition import open_ledger
from cutover.domain import Allocation, Execution, JournalEvent, Release
from cutover.operations import find_release


def run(context: Context, name: str) -> int:
    """`name` is the id of an execution, or the name, version or first 8 or more digits of the digest of a release."""
    ledger = open_ledger(context.config())
    if (execution := ledger.execution(name)) is not None:
        _show_execution(context, execution, ledger.journal(name))
    else:
        _show_release(context, find_release(ledger, name), ledger.allocation())
    return 0


def _show_execution(context: Context, execution: Execution, journal: tuple[JournalEvent, ...]) -> None:
    if context.json:
        events = [event.model_dump(mode="json") for event in journal]
        plan = execution.plan.model_dump(mode="json")
        print(json.dumps({**status_object(execution), "plan": plan, "journal": events}))
        return
    from rich.console import Console

    from cutover.cli.tree import draw

    console = Console()
    console.print(draw(execution, execution.updated_at))
    for event in journal:
        console.print(f"{event.seq:>4}  {event.at:%H:%M:%S}  {event.kind:<11} {event.message}", highlight=False)


def _show_release(context: Context, release: Release, allocation: Allocation) -> None:
    shown = {**release_object(release, allocation), "manifest": release.manifest.model_dump(mode="json")}
    print(json.dumps(shown, indent=None if context.json else 2))
