"""What an undisturbed run of a scenario records, as text: every event, every write of weights, and the end.

`make expected` writes one file for each scenario. A change of the core shows there as a difference that a person reads.
"""

import re
import sys
from dataclasses import replace
from pathlib import Path

from cutover.domain import Execution
from cutover.domain.execution import JournalEvent
from support.simulation.kills import Kills, Scenario, scenarios
from support.simulation.settle import settle
from support.simulation.simulation import Simulation
from support.simulation.state import state_of

FOLDER = Path(__file__).parents[2] / "expected" / "journals"
_DIGEST = re.compile(r"-[0-9a-f]{8}\b|(?<=\")[0-9a-f]{64}(?=\")")
_RELEASE, _VERSION = re.compile(r'{"release":"[^"]+","version":("[^"]+"),"digest":"[^"]+"}'), r"\1"
_DRIVER = re.compile(r"\b(started by|resumed by|requested by|aborted by) \S+")


def main() -> int:
    """Write all files, and delete those of scenarios that no longer exist."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name, scenario in recorded().items():
        (FOLDER / f"{name}.txt").write_text(journal_of(scenario), encoding="utf-8")
    return 0


def recorded() -> dict[str, Scenario]:
    """The scenarios of the kills, and the same deployments under the other gates and retentions."""
    every = scenarios()
    more = {
        f"{name}-{gates}-{retention}": replace(every[name], gates=gates, retention=retention)
        for name in ("deploy-canary-good", "deploy-rolling-good", "deploy-blue-green-alarm")
        for gates, retention in (("health", "warm"), ("metric", "cold"))
    }
    bad_metric = replace(every["deploy-canary-good"], behaviour="bad-metric", gates="metric")
    return {**every, **more, "deploy-canary-bad-metric": bad_metric}


def journal_of(scenario: Scenario) -> str:
    """The text of one scenario."""
    simulation = Kills(scenario).undisturbed()
    try:
        settle(simulation)
        return _text(simulation, len(scenario.before))
    finally:
        simulation.close()


def _text(simulation: Simulation, before: int) -> str:
    lines = []
    for head in [*simulation.ledger.heads.values()][before:]:
        events = simulation.ledger.events[head.execution_id]
        lines.append(f"{head.execution_id} {head.purpose}: {head.strategy}, {head.plan.strategy}")
        lines += [f"  {_event(event, events[0])}" for event in events]
        lines += [f"  {line}" for line in _end(head)]
    lines.append("at the end")
    lines += [f"  {key}: {value}" for key, value in state_of(simulation).items()]
    lines += [f"  {line}" for line in simulation.trace if " writes " in line or " ends: " in line]
    return _DRIVER.sub(r"\1 NAME", _DIGEST.sub("", "\n".join(lines))) + "\n"


def _event(event: JournalEvent, first: JournalEvent) -> str:
    seconds = (event.at - first.at).total_seconds()
    place = f"{event.status.value} {event.phase.value} {event.step_index} {event.step_kind}"
    return f"{seconds:7.2f} {event.kind} [{place}] {event.message}"


def _end(head: Execution) -> list[str]:
    error = head.error and f"{head.error.code}: {head.error.message}"
    return [
        f"ended {head.status.value} {head.phase.value}, moved_traffic {head.moved_traffic}, error {error}",
        f"traffic {[(share.version, share.weight) for share in head.traffic]}, warnings {list(head.warnings)}",
        *(f"step {_RELEASE.sub(_VERSION, step.model_dump_json())}" for step in head.plan.steps),
    ]


if __name__ == "__main__":
    sys.exit(main())
