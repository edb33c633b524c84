"""Kills at every point of a verb: before and after each call of a port, and within the engine's operations.

After each kill `resume` carries the execution to its end, and the state is that of a run which nobody disturbed.
"""

from dataclasses import dataclass, field

from support.simulation.scheduler import Process
from support.simulation.settle import settle
from support.simulation.simulation import Simulation
from support.simulation.state import State, state_of

_LOOKS = 8
"""Looks, each after 5 s, at which a process may wait for a person; a lease of 20 s expires meanwhile."""
Verb = tuple[str, str, str]
"""Verb, version, strategy."""


@dataclass(frozen=True)
class Scenario:
    """What is killed: `verb`, after the verbs of `before` have run to their end.

    `beside` starts first, and runs to the line `until` of the trace; so the verb can act on an execution in progress.
    """

    name: str
    verb: Verb
    before: tuple[Verb, ...] = (("deploy", "v1", "blue-green"),)
    behaviour: str = "good"
    """Of the version of `verb`, or of the deployment beside it."""
    gates: str = "alarm"
    retention: str = "hot"
    beside: Verb | None = None
    until: str = ""
    beside_dies: bool = False
    by_hand: tuple[int, int] | None = None
    """Percents of v2 and v1 that somebody sets in the console after `until`; the driver notices it."""
    request: str = ""
    """A request of a person that is recorded at once, before the verb runs on."""
    failing: str = ""
    """A version of `before` whose deployment fails, because its stack cannot be created at first."""


@dataclass
class Kills:
    """Runs one scenario with kills at given points."""

    scenario: Scenario
    _prepared: Simulation = field(init=False)
    _outcomes: list[State] = field(init=False)
    points: int = field(init=False)
    """Number of points of the verb when nobody disturbs it."""
    distinct: tuple[int, ...] = field(init=False)
    """The first point of each group that leaves the same world behind: between them the verb only read."""

    def __post_init__(self) -> None:
        scenario = self.scenario
        self._prepared = Simulation(scenario.gates, scenario.retention)
        if scenario.failing:
            self._prepared.world.behaviour[scenario.failing] = "cannot-be-created"
        for verb in scenario.before:
            self._prepared.start(*verb)
            self._prepared.finish()
        self._prepared.world.behaviour.clear()
        bad = scenario.beside or scenario.verb
        if bad[0] in ("deploy", "supersede", "submit"):
            self._prepared.world.behaviour[bad[1]] = scenario.behaviour
        undisturbed = self._prepared.fork()
        process = self._start(undisturbed)
        counter = _Killer(undisturbed, process, at=None)
        _until_it_rests(undisturbed, process)
        self.points, self.distinct = counter.count, tuple(counter.distinct.values())
        settle(undisturbed)
        untouched = self._prepared.fork()
        settle(untouched)
        self._outcomes = [state_of(undisturbed), state_of(untouched)]
        for simulation in (undisturbed, untouched):
            simulation.close()

    def undisturbed(self) -> Simulation:
        """The simulation after the verb has run without a kill."""
        simulation = self._prepared.fork()
        _until_it_rests(simulation, self._start(simulation))
        return simulation

    def second(self, first: int) -> tuple[int, ...]:
        """The distinct points of the `resume` that follows a kill at `first`."""
        simulation = self._prepared.fork()
        try:
            process = self._start(simulation)
            _Killer(simulation, process, first)
            _until_it_rests(simulation, process)
            process = simulation.start("resume", *self.scenario.verb[1:])
            counter = _Killer(simulation, process, None)
            _until_it_rests(simulation, process)
        finally:
            simulation.close()
        return tuple(counter.distinct.values())

    def run(self, points: tuple[int, ...]) -> bool:
        """Kill the verb at the first point, the `resume` that follows at the next one, and so on; check the end.

        Returns whether all points were reached; raises `Broken`.
        """
        simulation = self._prepared.fork()
        try:
            process = self._start(simulation)
            for number, point in enumerate(points):
                if number:
                    process = simulation.start("resume", *self.scenario.verb[1:])
                killer = _Killer(simulation, process, point)
                _until_it_rests(simulation, process)
                if not killer.has_killed:
                    settle(simulation)
                    return False
            settle(simulation)
            self._compare(simulation)
        finally:
            simulation.close()
        return True

    def _start(self, simulation: Simulation) -> Process:
        scenario = self.scenario
        if scenario.beside is not None:
            beside = simulation.start(*scenario.beside)
            simulation.run_to(scenario.until)
            if scenario.by_hand is not None:
                groups = [f"tg/{simulation.world.release_with(version)}" for version in ("v2", "v1")]
                simulation.world.edit_by_hand(dict(zip(groups, scenario.by_hand, strict=True)))
                simulation.run_to("records paused")
            if scenario.beside_dies:
                simulation.kill(beside)
        process = simulation.start(*scenario.verb)
        if scenario.request:
            simulation.run_to("intent")
            simulation.start(scenario.request)
        return process

    def _compare(self, simulation: Simulation) -> None:
        state = state_of(simulation)
        if state not in self._outcomes and not self.scenario.beside:
            simulation.watch.broken(3, f"the end is {state}, undisturbed it is {self._outcomes[0]}")


@dataclass
class _Killer:
    """Counts the points of one process, and kills it at one of them."""

    simulation: Simulation
    process: Process
    at: int | None
    count: int = 0
    has_killed: bool = False
    distinct: dict[object, int] = field(default_factory=dict)
    """What the world is like → the first point at which it is."""

    def __post_init__(self) -> None:
        self.simulation.on_call = self._at_point

    def _at_point(self, process: Process, port: str, method: str) -> None:
        if process is not self.process:
            return
        self.count += 1
        if self.at is None:
            self.distinct.setdefault(self.simulation.version(), self.count)
        if self.count == self.at:
            self.has_killed = True
            self.simulation.on_call = None
            self.simulation.note(f"killed at point {self.count}: {port}.{method}")
            self.simulation.kill(process)
            self.simulation.scheduler.abandon()


def _until_it_rests(simulation: Simulation, process: Process) -> None:
    """Until the process has ended, or waits for a person for some time."""
    paused = 0
    while simulation.scheduler.is_at_work(process) and paused < _LOOKS:
        simulation.run(5000, until=simulation.scheduler.now + 5)
        head = simulation.ledger.latest_execution()
        paused += head is not None and not head.finished and head.phase.value == "paused"


_TWO = (("deploy", "v1", "blue-green"), ("deploy", "v2", "blue-green"))
_THREE = (*_TWO, ("deploy", "v3", "blue-green"))


def scenarios() -> dict[str, Scenario]:
    """All scenarios by name."""
    every: list[Scenario] = []
    for strategy in ("blue-green", "canary", "drill", "linear", "rolling", "recreate"):
        for behaviour in ("good", "alarm", "unhealthy", "cannot-be-created"):
            if behaviour not in ("good", "alarm") and strategy not in ("blue-green", "recreate"):
                # A candidate that gets no traffic fails in the same steps.
                continue
            every.append(Scenario(f"deploy-{strategy}-{behaviour}", ("deploy", "v2", strategy), behaviour=behaviour))
    for behaviour in ("good", "alarm", "unhealthy"):
        first = ("deploy", "v1", "blue-green")
        every.append(Scenario(f"first-{behaviour}", first, before=(), behaviour=behaviour))
    for retention in ("hot", "warm", "cold"):
        every.append(Scenario(f"rollback-{retention}", ("rollback", "v2", "blue-green"), _TWO, retention=retention))
        every.append(Scenario(f"retire-{retention}", ("deploy", "v3", "blue-green"), _TWO, retention=retention))
    every += [
        Scenario("drill", ("drill", "v2", "blue-green"), _TWO),
        Scenario("gc", ("gc", "v3", "blue-green"), (*_THREE, ("rollback", "v3", "blue-green"))),
        Scenario("destroy", ("destroy", "v2", "blue-green"), _TWO),
        Scenario("retry", ("retry", "v2", "blue-green"), (*_TWO,), failing="v2"),
        Scenario(
            "abort",
            ("abort", "v2", "blue-green"),
            beside=("deploy", "v2", "canary"),
            until="intent Bake",
            beside_dies=True,
        ),
        Scenario("aborted", ("deploy", "v2", "canary"), request="abort"),
        Scenario(
            "take-over", ("take-over", "v2", "blue-green"), beside=("deploy", "v2", "canary"), until="intent Bake"
        ),
        Scenario(
            "supersede", ("supersede", "v3", "blue-green"), beside=("deploy", "v2", "approve"), until="waits for a"
        ),
        Scenario(
            "supersede-dead",
            ("supersede", "v3", "blue-green"),
            beside=("deploy", "v2", "canary"),
            until="intent Bake",
            beside_dies=True,
        ),
        Scenario("submit", ("submit", "v2", "blue-green")),
        Scenario(
            "work", ("work", "v2", "blue-green"), (("deploy", "v1", "blue-green"), ("submit", "v2", "blue-green"))
        ),
        *(
            Scenario(
                answer,
                (answer, "v2", "blue-green"),
                beside=("deploy", "v2", "canary"),
                until="intent Bake",
                by_hand=(60, 40),
                beside_dies=True,
            )
            for answer in ("restore", "accept-live")
        ),
    ]
    return {scenario.name: scenario for scenario in every}
