"""From any state that verbs and disturbances can reach, every next one keeps the promises.

Hypothesis looks for the shortest way to break one.
"""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from support.simulation import Broken, Case, Simulation, settle
from support.simulation.cases import Directive, carry_out
from support.simulation.explore import BEHAVIOURS, FAULTS, SERVICES
from support.simulation.fast import GATES, STRATEGIES, fast_records
from support.simulation.verbs import OTHERS

PROCESSES = st.integers(0, 3)
VERSIONS = st.integers(1, 3)


class Machine(RuleBasedStateMachine):
    """Verbs, slices and disturbances in any order; at the end everything must come to rest."""

    def __init__(self) -> None:
        super().__init__()
        self.records = fast_records()
        self.records.__enter__()
        self.directives: list[Directive] = []
        self.failure: Broken | None = None
        self.version = 1
        self.settings = ("health", "hot", "stop")
        self.simulation = Simulation()

    @initialize(
        gates=st.sampled_from(sorted(GATES)),
        retention=st.sampled_from(("hot", "warm", "cold")),
        on_drift=st.sampled_from(("stop", "restore")),
        releases=st.integers(0, 2),
    )
    def begin(self, gates: str, retention: str, on_drift: str, releases: int) -> None:
        self.settings = (gates, retention, on_drift)
        self.simulation = Simulation(*self.settings)
        for _ in range(releases):
            self._direct("start", "deploy", f"v{self.version}", "blue-green", 0.0, "wait")
            self._direct("run", 5000, 0)
            self.version += 1

    @rule(
        verb=st.sampled_from(("deploy", "supersede", "submit")),
        strategy=st.sampled_from(sorted(STRATEGIES)),
        behaviour=st.sampled_from(("good", "good", *BEHAVIOURS)),
        skew=st.sampled_from((0.0, 300.0, -300.0)),
    )
    def release(self, verb: str, strategy: str, behaviour: str, skew: float) -> None:
        self.version += 1
        if behaviour != "good":
            self._direct("behave", f"v{self.version}", behaviour)
        self._direct("start", verb, f"v{self.version}", strategy, skew, "wait")

    @rule(verb=st.sampled_from(sorted(OTHERS)), skew=st.sampled_from((0.0, 300.0, -300.0)))
    def another_verb(self, verb: str, skew: float) -> None:
        self._direct("start", verb, f"v{self.version}", "blue-green", skew, "wait")

    @precondition(lambda self: self.simulation.scheduler.actors)
    @rule(hand_overs=st.integers(1, 400), who=PROCESSES)
    def run(self, hand_overs: int, who: int) -> None:
        self._direct("run", hand_overs, who)

    @precondition(lambda self: self.simulation.scheduler.actors)
    @rule(who=PROCESSES, kind=st.sampled_from(("kill", "terminate")))
    def end_a_process(self, who: int, kind: str) -> None:
        self._direct(kind, who)

    @precondition(lambda self: self.simulation.scheduler.actors)
    @rule(who=PROCESSES, seconds=st.sampled_from((3.0, 15.0, 40.0)))
    def stop_a_process_for_a_time(self, who: int, seconds: float) -> None:
        self._direct("freeze", who, seconds)

    @precondition(lambda self: self.simulation.scheduler.actors)
    @rule(who=PROCESSES, kind=st.sampled_from(FAULTS), after=st.integers(0, 20))
    def let_a_call_fail(self, who: int, kind: str, after: int) -> None:
        self._direct("fault", who, kind, after)

    @rule(service=st.sampled_from(SERVICES), seconds=st.sampled_from((3.0, 10.0, 30.0)), denied=st.booleans())
    def begin_an_outage(self, service: str, seconds: float, denied: bool) -> None:
        self._direct("outage", service, seconds, denied)

    @rule(one=VERSIONS, other=VERSIONS, percent=st.sampled_from((0, 5, 50, 100)))
    def edit_the_weights_by_hand(self, one: int, other: int, percent: int) -> None:
        self._direct("edit", f"v{one}", f"v{other}", percent)

    @rule(version=VERSIONS, behaviour=st.sampled_from(("unhealthy", "crash", "good")))
    def let_a_version_flap(self, version: int, behaviour: str) -> None:
        self._direct("flap", f"v{version}", behaviour)

    @rule(version=VERSIONS, kind=st.sampled_from(("lose-task", "delete-group")))
    def lose_a_task_or_a_group(self, version: int, kind: str) -> None:
        self._direct(kind, f"v{version}")

    def teardown(self) -> None:
        try:
            if self.failure is None:
                self._keep(lambda: settle(self.simulation))
        finally:
            self.simulation.close()
            self.records.__exit__(None, None, None)

    def _direct(self, *directive: object) -> None:
        self.directives.append(directive)
        self._keep(lambda: carry_out(self.simulation, directive))

    def _keep(self, act: Callable[[], None]) -> None:
        """Hypothesis shortens a failed assertion; `Broken` is no `Exception`, so that no driver can catch it."""
        try:
            act()
        except Broken as broken:
            self.failure = broken
            case = Case(*self.settings, directives=tuple(self.directives))
            raise AssertionError(f"{broken}\n\n{case.as_test()}") from None


Machine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None, derandomize=True, database=None, print_blob=False
)
TestPromisesHoldInEveryState = Machine.TestCase
