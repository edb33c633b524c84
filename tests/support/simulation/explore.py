"""Random sequences: a seed decides which verb, slice or disturbance comes next, and knows the state of the records."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from cutover.domain import Status
from support.simulation.cases import Case, Directive, carry_out
from support.simulation.fast import GATES, STRATEGIES, fast_records
from support.simulation.settle import settle
from support.simulation.simulation import Simulation
from support.simulation.watch import Broken

BEHAVIOURS = ("crash", "unhealthy", "errors", "cannot-be-created", "slow-start", "alarm", "bad-metric")
FAULTS = ("throttled", "lost-answer", "denied", "unexpected", "slow", "stale")
SERVICES = ("ledger", "balancer", "ecs", "pulumi", "metrics")
_IN_PROGRESS = {
    "abort": 4, "supersede": 4, "pause": 3, "resume": 5, "promote": 4, "promote-full": 2, "take-over": 2, "work": 1,
    "deploy": 2, "rollback": 1, "restore": 2, "accept-live": 1, "gc": 1, "drill": 1, "retry": 1, "preview": 1,
}  # fmt: skip
_AT_REST = {
    "deploy": 12, "rollback": 8, "rollback-to": 2, "drill": 3, "gc": 2, "retry": 3, "submit": 2, "supersede": 1,
    "preview": 1,
    "resume": 1, "work": 1, "abort": 1, "pause": 1, "accept-live": 1,
}  # fmt: skip
_PROCESS = {"kill": 6, "fault": 6, "freeze": 2, "terminate": 2, "step-clock": 1}
_WORLD = {"outage": 2, "lose-task": 2, "flap": 3, "edit": 2, "burn": 1, "delete-group": 1}
_MOST_AT_WORK = 5


@dataclass
class Explored:
    """A sequence that was run: its case, and the promise that it broke, if any."""

    case: Case
    simulation: Simulation
    verbs: int = 0
    broken: BaseException | None = None


def explore(seed: int) -> Explored:
    """Run one random sequence of at least eight verbs."""
    random = Random(seed)
    gates, retention = random.choice(tuple(GATES)), random.choice(("hot", "hot", "warm", "cold"))
    on_drift = random.choice(("stop", "stop", "restore"))
    directives: list[Directive] = []
    with fast_records():
        simulation = Simulation(gates, retention, on_drift)
        verbs = random.choice((8, 8, 8, 9, 10))
        broken: BaseException | None = None
        try:
            for directive in _Director(random, simulation).directives(verbs):
                directives.append(directive)
                carry_out(simulation, directive)
            settle(simulation)
        except (Broken, Exception) as error:  # noqa: BLE001  an error of the simulator is a finding too
            broken = error
        finally:
            simulation.close()
    return Explored(Case(gates, retention, on_drift, tuple(directives)), simulation, verbs, broken)


@dataclass
class _Director:
    random: Random
    simulation: Simulation
    version: int = 0

    def directives(self, verbs: int) -> Iterator[Directive]:
        random = self.random
        calm = random.random() < 0.15
        for number in range(verbs):
            yield from self._start("deploy" if number == 0 else self._verb())
            first_runs_through = number == 0 and random.random() < 0.8
            yield ("run", 900, 0) if first_runs_through else self._slice()
            while not first_runs_through and not calm and random.random() < 0.45:
                yield self._disturbance()
                yield self._slice()

    def _verb(self) -> str:
        head = self.simulation.ledger.latest_execution()
        in_progress = head is not None and head.status is Status.IN_PROGRESS
        table = _IN_PROGRESS if in_progress else _AT_REST
        verb = _weighted(self.random, table)
        ledger = self.simulation.ledger
        if verb in ("rollback", "rollback-to", "drill") and len(ledger.good().names) < 2 and self.random.random() < 0.9:
            return "deploy"
        if len(self.simulation.at_work()) >= _MOST_AT_WORK and verb in ("supersede", "deploy", "resume"):
            return "abort"
        return verb

    def _start(self, verb: str) -> Iterator[Directive]:
        random = self.random
        if verb in ("deploy", "supersede", "submit"):
            self.version += 1
            if self.version > 1 and random.random() < 0.35:
                yield ("behave", f"v{self.version}", random.choice(BEHAVIOURS))
        skew = random.choice((0.0, 0.0, 0.0, 300.0, -300.0))
        when_paused = "leave" if random.random() < 0.05 else "wait"
        version = max(1, self.version)
        if verb == "rollback-to":
            version = random.randint(1, version)
        yield ("start", verb, f"v{version}", random.choice(tuple(STRATEGIES)), skew, when_paused)

    def _slice(self) -> Directive:
        random = self.random
        length = random.choice((random.randint(1, 6), random.randint(1, 60), random.randint(40, 200), 600, 900))
        return ("run", length, random.randint(0, 3))

    def _disturbance(self) -> Directive:
        random = self.random
        if self.simulation.scheduler.actors and random.random() < 0.7:
            return self._of_a_process(_weighted(random, _PROCESS), random.randint(0, 3))
        return self._of_the_world(_weighted(random, _WORLD))

    def _of_a_process(self, kind: str, number: int) -> Directive:
        random = self.random
        match kind:
            case "fault":
                return (kind, number, random.choice(FAULTS), random.randint(0, 20))
            case "freeze":
                return (kind, number, random.choice((3.0, 15.0, 40.0)))
            case "step-clock":
                return (kind, number, random.choice((-300.0, -5.0, 300.0)))
            case _:
                return (kind, number)

    def _of_the_world(self, kind: str) -> Directive:
        random, newest = self.random, max(1, self.version)
        some = f"v{random.randint(max(1, newest - 1), newest)}"
        match kind:
            case "outage":
                seconds = random.choice((3.0, 10.0, 30.0, 120.0))
                return (kind, random.choice(SERVICES), seconds, random.random() < 0.3)
            case "edit":
                return (kind, some, f"v{max(1, newest - 1)}", random.choice((0, 5, 50, 100)))
            case "burn":
                return (kind, random.choice(("ALARM", "INSUFFICIENT_DATA", "")))
            case "flap":
                return (kind, some, random.choice(("unhealthy", "crash", "good")))
            case _:
                return (kind, some)


def _weighted(random: Random, table: dict[str, int]) -> str:
    return random.choices(tuple(table), tuple(table.values()))[0]
