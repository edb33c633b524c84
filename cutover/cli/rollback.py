"""`cutover rollback [--to RELEASE]`: all traffic back to a release that succeeded."""

import json

from cutover.cli.common import ports_to_read
from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.cli.formatting import step_sentence
from cutover.operations import preview_rollback, rollback

_READINESS = {
    "serving": "it serves: weights only, 0 resources change",
    "hot": "hot: weights only, 0 resources change",
    "warm": "warm: its tasks are started first; then weights only",
    "cold": "cold: its stack is created again by digest from the ledger first",
    "none": "it was never there",
}


def run(context: Context, to: str | None) -> int:
    """Exit code 0 when the target has all traffic, 6 when an operator is needed."""
    return run_execution(context, lambda ports: rollback(ports, to), "nothing to do")


def preview(context: Context, to: str | None) -> int:
    """What it would do, and how ready the target is; nothing is written."""
    ports = ports_to_read(context)
    found = preview_rollback(ports, to)
    if context.json:
        told = {
            "from": found.current.model_dump(mode="json"),
            "to": found.target.model_dump(mode="json"),
            "readiness": found.readiness,
            "weights_only": all(step.kind == "SetTraffic" for step in found.plan.steps),
            "plan": found.plan.model_dump(mode="json"),
        }
        print(json.dumps(told))
        return 0
    print(f"from {found.current.release}\nto   {found.target.release}: {_READINESS[found.readiness]}\n")
    for number, step in enumerate(found.plan.steps, start=1):
        print(f"  {number:>2}. {step_sentence(step)}")
    return 0
