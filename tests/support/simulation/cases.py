"""A case: the directives of one sequence, made from a seed; what fails is printed as a test that can be pasted."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from support.simulation.faults import Outage
from support.simulation.settle import settle
from support.simulation.simulation import Simulation
from support.simulation.fast import GATES, STRATEGIES, fast_records

Directive = tuple[Any, ...]
"""`("start", verb, version, strategy, skew)`, `("run", hand-overs, who)`, or a disturbance; see `_carry_out`."""

_BEHAVIOURS = ("good",) * 6 + (
    "crash", "unhealthy", "errors", "cannot-be-created", "slow-start", "alarm", "alarm", "bad-metric",
)  # fmt: skip
_VERBS = (
    ("deploy",) * 12 + ("supersede",) * 3 + ("submit",) + ("rollback",) * 5 + ("abort",) * 4 + ("resume",) * 5
    + ("pause",) * 3 + ("promote",) * 3 + ("promote-full", "promote-full", "take-over", "take-over", "retry", "retry")
    + ("drill",) * 2 + ("gc",) * 2 + ("work", "preview", "accept-live", "restore", "restore")
)  # fmt: skip
_FAULTS = ("throttled", "throttled", "lost-answer", "lost-answer", "denied", "unexpected", "slow", "stale")
_SERVICES = ("ledger", "balancer", "ecs", "pulumi", "metrics")

_SLICE_SECONDS = 15.0
"""Longest virtual time of a slice: that of a deployment."""


@dataclass(frozen=True)
class Case:
    """One sequence."""

    gates: str = "health"
    retention: str = "hot"
    on_drift: str = "stop"
    directives: tuple[Directive, ...] = field(default=())

    @property
    def operations(self) -> int:
        """Number of verbs that it starts."""
        return sum(directive[0] == "start" for directive in self.directives)


def case_of(seed: int) -> Case:
    """The case of a seed: eight to twelve verbs, with slices and disturbances between them."""
    random = Random(seed)
    directives: list[Directive] = []
    version = 0
    for number in range(random.randint(8, 12)):
        verb = "deploy" if number == 0 else random.choice(_VERBS)
        if verb in ("deploy", "supersede", "submit"):
            version += 1
            if (behaviour := random.choice(_BEHAVIOURS)) != "good" and number > 0:
                directives.append(("behave", f"v{version}", behaviour))
        skew = random.choice((0.0, 0.0, 0.0, 300.0, -300.0))
        directives.append(("start", verb, f"v{version}", random.choice(tuple(STRATEGIES)), skew))
        directives.append(("run", _slice(random), random.randint(0, 3)))
        while random.random() < 0.35:
            directives.append(_disturbance(random, version))
            directives.append(("run", _slice(random), random.randint(0, 3)))
    return Case(
        random.choice(tuple(GATES)),
        random.choice(("hot", "hot", "warm", "cold")),
        random.choice(("stop", "stop", "restore")),
        tuple(directives),
    )


def _slice(random: Random) -> int:
    return random.choice((random.randint(1, 6), random.randint(1, 60), random.randint(40, 200), 600, 600))


def _disturbance(random: Random, version: int) -> Directive:
    some = f"v{random.randint(max(1, version - 1), max(1, version))}"
    kind = random.choice(
        ("kill", "kill", "kill", "fault", "fault", "fault", "outage", "freeze", "terminate", "lose-task", "flap")
        + ("edit", "step-clock", "delete-group", "burn"),
    )  # fmt: skip
    match kind:
        case "fault":
            return (kind, random.randint(0, 3), random.choice(_FAULTS), random.randint(0, 20))
        case "outage":
            seconds = random.choice((3.0, 10.0, 30.0, 120.0))
            return (kind, random.choice(_SERVICES), seconds, random.random() < 0.3)
        case "freeze":
            return (kind, random.randint(0, 3), random.choice((3.0, 15.0, 40.0)))
        case "kill" | "terminate":
            return (kind, random.randint(0, 3))
        case "step-clock":
            return (kind, random.randint(0, 3), random.choice((-300.0, -5.0, 300.0)))
        case "edit":
            return (kind, some, f"v{max(1, version - 1)}", random.choice((0, 5, 50, 100)))
        case "lose-task" | "delete-group":
            return (kind, some)
        case "burn":
            return (kind, random.choice(("ALARM", "INSUFFICIENT_DATA", "")))
        case _:
            return (kind, some, random.choice(("unhealthy", "crash", "good")))


def run_case(case: Case) -> Simulation:
    """Run a case to its end; raises `Broken`. The simulation is closed; its trace and records can be read."""
    with fast_records():
        simulation = Simulation(case.gates, case.retention, case.on_drift)
        try:
            for directive in case.directives:
                _carry_out(simulation, directive)
            settle(simulation)
            if simulation.promises.first is not None:
                raise simulation.promises.first
        finally:
            simulation.close()
        return simulation


def _carry_out(simulation: Simulation, directive: Directive) -> None:  # noqa: C901, PLR0912  one line for each kind
    world, scheduler = simulation.world, simulation.scheduler
    match directive:
        case ("start", verb, version, strategy, skew):
            simulation.start(verb, version, strategy, skew=skew)
            return
        case ("run", hand_overs, who):
            simulation.run(hand_overs, who, until=scheduler.now + _SLICE_SECONDS)
            return
        case _:
            pass
    working = simulation.at_work()
    process = working[directive[1] % len(working)] if working and isinstance(directive[1], int) else None
    simulation.note(f"directive {directive} {process.name if process else ''}")
    match directive:
        case ("behave", version, behaviour):
            world.behaviour[version] = behaviour
        case ("flap", version, behaviour):
            if world.behaviour.get(version, "good") in ("good", "unhealthy", "crash"):
                if version not in simulation.broken_later and world.behaviour.get(version, "good") != "good":
                    return
                simulation.broken_later.add(version)
                world.set_behaviour(version, behaviour)
        case ("kill", _) if process is not None:
            simulation.kill(process)
        case ("terminate", _) if process is not None:
            process.signalled = True
        case ("freeze", _, seconds) if process is not None:
            process.frozen_until = scheduler.now + seconds
            process.notes["frozen"] = 1
        case ("step-clock", _, seconds) if process is not None:
            process.skew += seconds
        case ("fault", _, kind, after) if process is not None:
            simulation.faults.arm(process, kind, after)
        case ("outage", service, seconds, denied):
            simulation.faults.outages.append(Outage(service, scheduler.now + seconds, denied))
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
            pass


def _edit(simulation: Simulation, one: str, other: str, percent: int) -> None:
    world = simulation.world
    names = [world.release_with(one), world.release_with(other)]
    if None in names or names[0] == names[1]:
        return
    weights = {f"tg/{names[0]}": percent, f"tg/{names[1]}": 100 - percent}
    world.edit_by_hand({arn: weight for arn, weight in weights.items() if weight})
