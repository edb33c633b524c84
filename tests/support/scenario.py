"""Shared by the scenarios: people and faults that act at a chosen moment, kills, and what must hold in every world."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from cutover import operations
from cutover.domain import Execution, Phase, ReleaseState, Status
from cutover.domain.errors import NeedsOperator
from cutover.ports import Ports, TargetHealth
from support.fakes import FakeClock, InMemoryEnvironment
from support.fakes.in_memory import LEASE_SECONDS

CAPACITY = 4
WAITS = {"bake": "30s", "propagation_margin": "5s", "drain": "20s"}
CANARY = WAITS | {
    "kind": "canary",
    "canary": {"steps": [{"weight": 10}, {"pause": "60s"}, {"weight": 50}, {"pause": "60s"}]},
}

STRATEGIES: dict[str, dict[str, object]] = {
    "blue-green": WAITS,
    "canary": CANARY,
    "linear": WAITS | {"kind": "linear", "linear": {"percent": 40, "interval": "10s"}},
    "rolling": WAITS | {"kind": "rolling", "rolling": {"batch_percent": 25, "pause": "5s"}},
    "recreate": WAITS | {"kind": "recreate", "recreate": {"outage": "nobody uses the shop at night"}},
}
"""Every own strategy, with short times."""


@dataclass
class SkewedClock:
    """The clock of a host whose wall clock is wrong by `seconds`. Time passes for everybody alike."""

    true: FakeClock
    seconds: float

    def now(self) -> datetime:
        return self.true.now() + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.true.monotonic() + self.seconds

    def sleep(self, seconds: float) -> None:
        self.true.sleep(seconds)


class Killed(BaseException):
    """A SIGKILL: no driver handles it."""


@dataclass
class Scenario(InMemoryEnvironment):
    """An environment in memory, with short names for what scenarios do and look at."""

    writes: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)
    """Every write of weights: version → percent."""
    most_healthy: dict[str, int] = field(default_factory=dict)
    """Version → number of its targets that are healthy at most."""

    def __post_init__(self) -> None:
        super().__post_init__()
        write = self.cloud.write_weights

        def noted(allocation: object) -> None:
            write(allocation)  # type: ignore[arg-type]
            self.writes.append((self.clock.now(), self.live))
            assert sum(self.live.values()) in (0, 100)

        self.cloud.write_weights = noted  # type: ignore[method-assign]
        read = self.traffic.target_health

        def limited(target_group_arn: str) -> tuple[TargetHealth, ...]:
            limit = self.most_healthy.get(version_of(target_group_arn), 1000)
            return tuple(
                target if number < limit else TargetHealth(target.target, "unhealthy", "Target.FailedHealthChecks")
                for number, target in enumerate(read(target_group_arn))
            )

        self.traffic.target_health = limited  # type: ignore[method-assign]

    @property
    def head(self) -> Execution:
        """The newest execution."""
        head = self.ledger.latest_execution()
        assert head is not None
        return head

    @property
    def live(self) -> dict[str, int]:
        """Version → percent of the listener's traffic."""
        return {version_of(arn): weight for arn, weight in self.cloud.weights.items() if weight}

    @property
    def recorded(self) -> dict[str, int]:
        """Version → percent in the record."""
        return {w.version: w.weight for w in self.ledger.allocation().weights if w.weight}

    @property
    def tasks(self) -> dict[str, int]:
        """Version → desired count of its service."""
        return {version_of(name): count for name, count in self.cloud.desired.items()}

    @property
    def good(self) -> list[str]:
        """Versions in the stack of good releases, oldest first."""
        return [version_of(name) for name in self.ledger.good().names]

    @property
    def states(self) -> dict[str, ReleaseState]:
        return {release.ref.version: release.state for release in self.ledger.all_releases.values()}

    def group_of(self, version: str) -> str:
        """The target group of a version."""
        (name,) = [name for name in self.ledger.all_releases if version_of(name) == version]
        return f"tg/{name}"

    def ports(self, version: str, **changes: object) -> Ports:
        """The ports of a driver of `version` with `CAPACITY` tasks and a version of a secret of its own."""
        secrets = {"DB": f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:::{version}"}
        release = {"version": version, "image": f"shop:{version}", "desired_count": CAPACITY, "secrets": secrets}
        return self.driver(version, **({"release": release, "strategy": WAITS} | changes))

    def deploy(self, version: str, **changes: object) -> Execution:
        """Deploy a version; there must be something to do."""
        execution = operations.deploy(self.ports(version, **changes))
        assert execution is not None
        return execution

    def at(self, moment: Callable[[], bool], act: Callable[[], object]) -> None:
        """Run `act` once, in the first wait at which `moment` is true."""

        def look() -> None:
            if self.ledger.latest_execution() is not None and moment():
                self.clock.on_sleep = lambda: None
                act()

        self.clock.on_sleep = look

    def kill_at(self, moment: Callable[[], bool]) -> None:
        """Kill the driver in the first wait at which `moment` is true."""
        self.at(moment, _die)

    def die(self, run: Callable[[], object]) -> None:
        """Run a driver that is killed: it gives nothing back."""
        with no_answer_from(self), pytest.raises(Killed):
            run()
        self.clock.on_sleep = lambda: None
        self.cloud.before_call = lambda _: None
        self.ledger.before_write = self.ledger.after_write = lambda _: None

    def is_at(self, kind: str) -> bool:
        """Whether an execution is in progress at a step of this kind."""
        head = self.head
        return (
            not head.finished
            and head.step_index < len(head.plan.steps)
            and head.plan.steps[head.step_index].kind == kind
        )

    def noticed(self, kind: str) -> list[str]:
        """The messages of all journal events of this kind."""
        return [event.message for journal in self.ledger.events.values() for event in journal if event.kind == kind]

    def sleep_past_the_lease(self) -> None:
        """The machine sleeps longer than a lease."""
        self.clock.sleep(LEASE_SECONDS + 1)


def version_of(name: str) -> str:
    """`v1` for `prod-v1-0123abcd` and its target group."""
    return name.removeprefix("tg/").split("-")[1]


@contextmanager
def no_answer_from(environment: Scenario) -> Iterator[None]:
    """Nothing that a killed driver does on its way out reaches the ledger."""
    give_back = environment.ledger.give_back
    environment.ledger.give_back = lambda lease: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        environment.ledger.give_back = give_back  # type: ignore[method-assign]


def _die() -> None:
    raise Killed


def raises(error: Exception | type[BaseException]) -> Callable[..., None]:
    """A function that raises `error` whatever it is called with."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def ends_well(execution: Execution, environment: Scenario, serving: str) -> None:
    """Check that the execution has ended and that record, listener, tasks and good releases agree on `serving`."""
    assert execution.finished
    assert environment.live == environment.recorded == {serving: 100}
    assert environment.tasks[serving] == CAPACITY
    assert environment.good[-1] == serving
    assert environment.states[serving] is ReleaseState.READY


def needs_a_person(execution: Execution) -> bool:
    """Whether the execution says that an operator must act."""
    return (execution.status, execution.phase) == (Status.FAILED, Phase.NEEDS_OPERATOR)


def names_the_command(error: NeedsOperator) -> bool:
    """Whether the message has the AWS command that sets the weights by hand."""
    return "aws elbv2 modify-listener" in error.message
