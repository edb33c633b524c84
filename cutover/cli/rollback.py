"""`cutover rollback [--to RELEASE]`: move all traffic back to a release that succeeded."""

import json
from typing import assert_never

from cutover.cli.common import ports_to_read
from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.execution.handlers.registry import handler_of
from cutover.operations import preview_rollback, rollback
from cutover.planning.observe import Readiness


def run(context: Context, to: str | None) -> int:
    """Exit code 0 when the target has all traffic, 6 when an operator is needed."""
    return run_execution(context, lambda ports: rollback(ports, to), "nothing to do")


def preview(context: Context, to: str | None) -> int:
    """Print what a rollback would do and what the target needs; writes nothing."""
    preview = preview_rollback(ports_to_read(context), to)
    if context.json:
        shown = {
            "from": preview.current.model_dump(mode="json"),
            "to": preview.target.model_dump(mode="json"),
            "readiness": preview.readiness,
            "weights_only": all(step.kind in ("SetTraffic", "ShiftBack") for step in preview.plan.steps),
            "plan": preview.plan.model_dump(mode="json"),
        }
        print(json.dumps(shown))
        return 0
    print(f"from {preview.current.release}\nto   {preview.target.release}: {_needs(preview.readiness)}\n")
    for number, step in enumerate(preview.plan.steps, start=1):
        print(f"  {number:>2}. {handler_of(step).sentence()}")
    return 0


def _needs(readiness: Readiness) -> str:
    match readiness:
        case "serving":
            return "it has traffic already; only the weights change"
        case "hot":
            return "hot; only the weights change, no resource"
        case "warm":
            return "warm; its tasks start first, then the weights change"
        case "cold":
            return "cold; its stack is created again from the ledger first"
        case "none":
            return "it was never created"
        case _:
            assert_never(readiness)
