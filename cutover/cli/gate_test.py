"""`cutover gate test --execution ID`: judge the measurements of a recorded execution by the gates as configured now."""

import json

from cutover.cli.context import Context
from cutover.cli.formatting import SYMBOLS
from cutover.composition import open_ledger
from cutover.domain.errors import Refused
from cutover.gates.replay import Replayed, replay


def run(context: Context, execution_id: str) -> int:
    """Exit code 0 when no gate would have stopped the execution, 5 when one would have. Reads only the records."""
    config = context.config()
    ledger = open_ledger(config)
    if ledger.execution(execution_id) is None:
        raise Refused("NO_EXECUTION", f"there is no execution {execution_id}", "cutover history")
    replayed = replay(config.gates, ledger.measurements(execution_id))
    stopped = [each for each in replayed if each.verdict.stops]
    if context.json:
        print(json.dumps([_object(each) for each in replayed]))
    else:
        _print(replayed)
    return 5 if stopped else 0


def _object(each: Replayed) -> dict[str, object]:
    return {
        "at": each.at.isoformat(timespec="milliseconds"),
        "step_index": each.step_index,
        "stops": each.verdict.stops,
        **each.verdict.model_dump(mode="json", exclude={"at"}),
    }


def _print(replayed: tuple[Replayed, ...]) -> None:
    for each in replayed:
        mark = SYMBOLS[each.verdict.verdict]
        print(f"{each.at:%H:%M:%S}  step {each.step_index + 1:>2}  {mark} {each.verdict.gate}: {each.verdict.reason}")
    if not replayed:
        print("the execution has no measurements of the gates in Pulumi.ENV.yaml")
    first = next((each for each in replayed if each.verdict.stops), None)
    if first is not None:
        print(f"✖ {first.verdict.gate} would have stopped the execution at {first.at:%H:%M:%S}")
    elif replayed:
        print("✔ no gate would have stopped the execution")
