"""`cutover preview`: show the plan of a deploy and the resources that it would change; writes nothing."""

import json
from collections import Counter
from dataclasses import asdict

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.domain.duration import duration
from cutover.execution.handlers.registry import handler_of, least_seconds
from cutover.gates.alarms import firing
from cutover.operations import Prepared, prepare
from cutover.ports import Ports, StackDiff


def run(context: Context) -> int:
    """Exit code 0, also when there is nothing to do."""
    ports = ports_to_read(context)
    prepared = prepare(ports)
    allocation = ports.ledger.allocation()
    alarms = _firing_alarms(ports)
    diffs = [ports.stacks.preview_release(prepared.manifest), ports.stacks.preview_environment(allocation)]
    if context.json:
        print(json.dumps({**_object(prepared, diffs), "alarms_firing": alarms}))
        return 0
    _print_release(prepared)
    for diff in diffs:
        _print_diff(diff)
    if prepared.nothing_to_do:
        print("\nnothing to do: this release already has all traffic")
        return 0
    for alarm in alarms:
        print(
            f"\n! the alarm {alarm} is in ALARM: `deploy` refuses to start, unless gates.alarms.firing_before is report"
        )
    if (recreate := ports.config.strategy.recreate) is not None:
        print(f"\n! this plan causes an outage, accepted because: {recreate.outage}")
    _print_plan(prepared)
    return 0


def _firing_alarms(ports: Ports) -> tuple[str, ...]:
    names = ports.config.gates.alarms.names
    return firing(ports.alarms.states(names)) if names else ()


def _object(prepared: Prepared, diffs: list[StackDiff]) -> dict[str, object]:
    return {
        "release": prepared.manifest.ref.model_dump(mode="json"),
        "baseline": prepared.baseline.model_dump(mode="json") if prepared.baseline else None,
        "nothing_to_do": prepared.nothing_to_do,
        "plan": prepared.plan.model_dump(mode="json"),
        "least_seconds": least_seconds(prepared.plan),
        "stacks": [asdict(diff) for diff in diffs],
    }


def _print_release(prepared: Prepared) -> None:
    print(f"release  {prepared.manifest.ref.release} (digest {prepared.manifest.digest[:16]}…)")
    print(f"image    {prepared.manifest.container.image}")
    print(f"baseline {_baseline(prepared)}\n")


def _baseline(prepared: Prepared) -> str:
    if prepared.nothing_to_do:
        return "none: this release already has all traffic"
    return prepared.baseline.release if prepared.baseline else "none: this is the first release"


def _print_plan(prepared: Prepared) -> None:
    print(f"\nplan: {prepared.plan.strategy}, takes at least {duration(least_seconds(prepared.plan))}")
    for number, step in enumerate(prepared.plan.steps, start=1):
        print(f"  {number:>2}. {handler_of(step).sentence()}")


def _print_diff(diff: StackDiff) -> None:
    counts = Counter(change.op for change in diff.changes)
    changed = {op: count for op, count in sorted(counts.items()) if op != "same"}
    summary = ", ".join(f"{count} {op}" for op, count in changed.items()) or "no change"
    print(f"stack {diff.stack} ({'exists' if diff.exists else 'new'}): {summary}")
    for change in diff.changes:
        if change.op != "same":
            causes = f"  [{', '.join(change.causes)}]" if change.causes else ""
            print(f"    {change.op:<8} {change.type}  {change.name}{causes}")
