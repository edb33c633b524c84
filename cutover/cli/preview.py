"""`cutover preview`: what a deploy would do, step by step, and what the stacks would change; writes nothing."""

import json
from collections import Counter
from dataclasses import asdict

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.cli.formatting import duration, step_sentence
from cutover.domain import Allocation, Analyse, Bake, Plan, Retire, Scale, SetTraffic, Step
from cutover.gates.alarms import firing
from cutover.operations import Prepared, prepare
from cutover.ports import StackDiff


def run(context: Context) -> int:
    """Exit code 0, also where there is nothing to do."""
    ports = ports_to_read(context)
    prepared = prepare(ports)
    allocation = ports.ledger.allocation() or Allocation()
    names = ports.config.gates.alarms.names
    alarms = firing(ports.alarms.states(names)) if names else ()
    outage = ports.config.strategy.recreate
    diffs = [ports.stacks.preview_release(prepared.manifest), ports.stacks.preview_environment(allocation)]
    if context.json:
        print(json.dumps({**_object(prepared, diffs), "alarms_firing": alarms}))
        return 0
    release = prepared.manifest.ref.release
    print(f"release {release} (digest {prepared.manifest.digest[:16]}…)")
    print(f"image   {prepared.manifest.container.image}")
    print(f"from    {_baseline(prepared)}\n")
    for diff in diffs:
        _print_diff(diff)
    if prepared.nothing_to_do:
        print("\nnothing to do: this release has all traffic already")
        return 0
    for alarm in alarms:
        print(f"\n! {alarm} is in ALARM: `deploy` refuses while it is, unless gates.alarms.firing_before is report")
    if outage is not None:
        print(f"\n! this plan has an outage: {outage.outage}")
    print(f"\nplan: {prepared.plan.strategy}, waits {duration(waits(prepared.plan))} at least")
    for number, step in enumerate(prepared.plan.steps, start=1):
        print(f"  {number:>2}. {step_sentence(step)}")
    return 0


def _baseline(prepared: Prepared) -> str:
    if prepared.nothing_to_do:
        return "itself"
    return prepared.baseline.release if prepared.baseline else "nothing: this is the first release"


def waits(plan: Plan) -> float:
    """Seconds that the plan waits by itself, without the time that AWS takes."""
    return sum(_wait(step) for step in plan.steps)


def _wait(step: Step) -> float:
    match step:
        case SetTraffic(margin_seconds=seconds) | Bake(duration_seconds=seconds) | Analyse(duration_seconds=seconds):
            return seconds
        case Scale(drain_seconds=seconds) | Retire(drain_seconds=seconds):
            return seconds
        case _:
            return 0.0


def _object(prepared: Prepared, diffs: list[StackDiff]) -> dict[str, object]:
    return {
        "release": prepared.manifest.ref.model_dump(mode="json"),
        "baseline": prepared.baseline.model_dump(mode="json") if prepared.baseline else None,
        "nothing_to_do": prepared.nothing_to_do,
        "plan": prepared.plan.model_dump(mode="json"),
        "waits_seconds": waits(prepared.plan),
        "stacks": [asdict(diff) for diff in diffs],
    }


def _print_diff(diff: StackDiff) -> None:
    counts = Counter(change.op for change in diff.changes)
    changed = {op: n for op, n in sorted(counts.items()) if op != "same"}
    summary = ", ".join(f"{n} {op}" for op, n in changed.items()) or "no change"
    print(f"stack {diff.stack} ({'exists' if diff.exists else 'new'}): {summary}")
    for change in diff.changes:
        if change.op != "same":
            causes = f"  [{', '.join(change.causes)}]" if change.causes else ""
            print(f"    {change.op:<8} {change.type}  {change.name}{causes}")
