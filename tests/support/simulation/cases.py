"""A case: the directives of one sequence. What fails is printed as a test that can be pasted."""

from dataclasses import dataclass
from typing import Any

from support.simulation.fast import fast_records
from support.simulation.faults import Outage
from support.simulation.scheduler import Process
from support.simulation.settle import settle
from support.simulation.simulation import Simulation

Directive = tuple[Any, ...]
"""What the director does next:

`("start", verb, version, strategy, skew, when_paused)`, `("run", hand-overs, who)`, or a disturbance of the world
(`behave`, `flap`, `lose-task`, `delete-group`, `burn`, `edit`, `outage`) or of a process (`kill`, `terminate`,
`freeze`, `step-clock`, `fault`); a process is a number, counted over those that are at work.
"""
_SLICE_SECONDS = 15.0
"""Longest virtual time of a slice: that of a deployment."""


@dataclass(frozen=True)
class Case:
    """One sequence."""

    gates: str = "health"
    retention: str = "hot"
    on_drift: str = "stop"
    directives: tuple[Directive, ...] = ()

    def as_test(self, name: str = "case") -> str:
        """The case as a test."""
        lines = "".join(f"        {directive!r},\n" for directive in self.directives)
        settings = f"gates={self.gates!r}, retention={self.retention!r}, on_drift={self.on_drift!r}"
        return (
            "from support.simulation import Case, run_case\n\n\n"
            f"def test_{name}() -> None:\n    directives = (\n{lines}    )\n"
            f"    run_case(Case({settings}, directives=directives))\n"
        )


def run_case(case: Case) -> Simulation:
    """Run a case to its end; raises `Broken`. The simulation is closed; its trace and records can be read."""
    with fast_records():
        simulation = Simulation(case.gates, case.retention, case.on_drift)
        try:
            for directive in case.directives:
                carry_out(simulation, directive)
            settle(simulation)
        finally:
            simulation.close()
        return simulation


def carry_out(simulation: Simulation, directive: Directive) -> None:
    """Carry out one directive."""
    match directive:
        case ("start", verb, version, strategy, skew, when_paused):
            simulation.start(verb, version, strategy, skew=skew, when_paused=when_paused)
        case ("run", hand_overs, who):
            simulation.run(hand_overs, who, until=simulation.scheduler.now + _SLICE_SECONDS)
        case (kind, int(number), *details):
            working = simulation.at_work()
            if working:
                process = working[number % len(working)]
                simulation.note(f"{kind} {process.name} {details or ''}")
                _disturb_process(simulation, process, (kind, *details))
        case _:
            simulation.note(f"disturbance {directive}")
            _disturb_world(simulation, directive)


def _disturb_process(simulation: Simulation, process: Process, disturbance: Directive) -> None:
    match disturbance:
        case ("kill",):
            simulation.kill(process)
        case ("terminate",):
            process.signalled = True
        case ("freeze", seconds):
            process.frozen_until = simulation.scheduler.now + seconds
            process.notes["frozen"] = 1
        case ("step-clock", seconds):
            # AWS refuses signatures that are more than five minutes off, so no driver's clock is.
            process.skew = max(-300.0, min(300.0, process.skew + seconds))
        case ("fault", kind, after):
            simulation.faults.arm(process, kind, after)
        case _:
            raise ValueError(f"unknown disturbance {disturbance}")


def _disturb_world(simulation: Simulation, disturbance: Directive) -> None:
    world = simulation.world
    match disturbance:
        case ("behave", version, behaviour):
            world.behaviour.setdefault(version, behaviour)
        case ("flap", version, behaviour):
            simulation.flap(version, behaviour)
        case ("outage", service, seconds, denied):
            simulation.faults.outages.append(Outage(service, simulation.scheduler.now + seconds, denied))
        case ("lose-task", version):
            world.lose_task(version)
        case ("delete-group", version):
            world.delete_group(version)
        case ("burn", state):
            world.alarm_states.clear()
            world.alarm_states.update({"burning": state} if state else {})
        case ("edit", one, other, percent):
            _edit(simulation, one, other, percent)
        case _:
            raise ValueError(f"unknown disturbance {disturbance}")


def _edit(simulation: Simulation, one: str, other: str, percent: int) -> None:
    """A person gives one version `percent` of the traffic, and the rest to another, in the console."""
    world = simulation.world
    names = [world.release_with(one), world.release_with(other)]
    if None in names or names[0] == names[1]:
        return
    weights = {f"tg/{names[0]}": percent, f"tg/{names[1]}": 100 - percent}
    world.edit_by_hand({arn: weight for arn, weight in weights.items() if weight})
