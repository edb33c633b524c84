"""The ports of one process: the fakes behind a hand-over before and after each call."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any, Literal

from cutover.adapters.lease_renewal import RenewedLease
from cutover.config import EnvironmentConfig
from cutover.domain.errors import Interrupted
from cutover.ports import AlarmState, HeldLease, HoldLease, Lease, Ports, Urgent
from support.fakes.compute import FakeCompute
from support.fakes.configuration import FakeConfiguration
from support.fakes.hooks import FakeHooks
from support.fakes.images import FakeImages
from support.fakes.ledger import FakeLedger
from support.fakes.metrics import FakeMetrics
from support.fakes.probe import FakeProbe
from support.fakes.stacks import FakeStacks
from support.fakes.traffic import FakeTraffic
from support.simulation.fast import LEASE_SECONDS
from support.simulation.scheduler import Actor, Process, Scheduler
from support.simulation.world import EPOCH, World

Call = Callable[[Process, str, str, Callable[..., Any], tuple[Any, ...]], Any]
"""Makes one call of a port: process, port, method, function, arguments."""


class _Port:
    """One port of one process; subclasses have the methods of its Protocol."""

    __slots__ = ("_call", "_process", "_target")

    def __init__(self, call: Call, process: Process, target: object) -> None:
        self._call, self._process, self._target = call, process, target


def _port_class(port: str, target: type) -> type[_Port]:
    def method_of(name: str) -> Callable[..., Any]:
        def method(self: _Port, *arguments: Any) -> Any:
            return self._call(self._process, port, name, getattr(self._target, name), arguments)

        return method

    names = [name for name in dir(target) if not name.startswith("_") and callable(getattr(target, name))]
    return type(f"{port.title()}Port", (_Port,), {"__slots__": (), **{name: method_of(name) for name in names}})


@dataclass
class SimulatedAlarms:
    """Implements `cutover.ports.Alarms`: every alarm fires while a version that behaves as `alarm` has weight."""

    world: World

    def states(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        burning = any(
            weight and self.world.behaviour_of(arn.removeprefix("tg/")) == "alarm"
            for arn, weight in self.world.weights.items()
            if arn.removeprefix("tg/") in self.world.stacks
        )
        state = self.world.alarm_states.get("burning", "ALARM" if burning else "OK")
        return tuple(AlarmState(name, state, "") for name in names)


_LEDGER = _port_class("ledger", FakeLedger)
_TRAFFIC = _port_class("traffic", FakeTraffic)
_COMPUTE = _port_class("compute", FakeCompute)
_STACKS = _port_class("stacks", FakeStacks)
_ALARMS = _port_class("alarms", SimulatedAlarms)
_METRICS = _port_class("metrics", FakeMetrics)
_PROBE = _port_class("probe", FakeProbe)
_IMAGES = _port_class("images", FakeImages)
_CONFIGURATION = _port_class("configuration", FakeConfiguration)


@dataclass(slots=True)
class ProcessClock:
    """Implements `cutover.ports.Clock` for one host: a wall clock with a skew, and a monotonic clock of its own."""

    scheduler: Scheduler
    process: Process
    offset: float

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.scheduler.now + self.process.skew)

    def monotonic(self) -> float:
        return self.scheduler.now + self.offset

    def sleep(self, seconds: float) -> None:
        self._check()
        self.scheduler.sleep(seconds)
        self._check()

    def _check(self) -> None:
        if self.process.signalled:
            self.process.signalled = False
            raise Interrupted("INTERRUPTED", "SIGTERM")


@dataclass(slots=True)
class Names:
    """Implements `cutover.ports.Identifiers`; chance is the middle, so that a case repeats."""

    name: str

    def holder(self) -> str:
        return self.name

    def person(self) -> str:
        return self.name

    def fraction(self) -> float:
        return 0.5


class Silent:
    """Implements `cutover.ports.Reporter` and `Notifier`."""

    def progress(self, *_: object) -> None: ...

    def verdict(self, *_: object) -> None: ...

    def notify(self, *_: object) -> None: ...


@dataclass(slots=True)
class _InPlaceOfThread:
    """The thread of a renewal, as an actor of the process that dies with it; and the event that wakes it."""

    scheduler: Scheduler
    process: Process
    run: Callable[[], None]
    actor: Actor | None = None

    def start(self) -> None:
        """Begin to renew."""
        self.actor = self.scheduler.spawn(self.process, self.run)

    def join(self, _: float) -> None:
        """The actor ends at its next turn."""

    def wait(self, seconds: float) -> None:
        """Sleep, or until `set`."""
        self.scheduler.sleep(seconds)

    def set(self) -> None:
        """Wake the actor."""
        if self.actor is not None:
            self.actor.wake = min(self.actor.wake, self.scheduler.now)

    def clear(self) -> None:
        """`wait` needs no reset."""


def hold_lease(ledger: Any, clock: ProcessClock, process: Process) -> HoldLease:
    """Return a context manager that renews a lease with the code of the real driver; an actor replaces its thread."""

    @contextmanager
    def hold(lease: Lease) -> Iterator[HeldLease]:
        held = RenewedLease(ledger, lease, LEASE_SECONDS, clock, Event())
        background = _InPlaceOfThread(clock.scheduler, process, held._run)
        held._wake = held._thread = background  # type: ignore[assignment]
        process.fence, process.seconds_left = lease.fence, held.seconds_left
        held.start()
        try:
            yield held
        finally:
            held.stop()
            process.seconds_left = None

    return hold


def ports_of(
    config: EnvironmentConfig,
    world: World,
    ledger: FakeLedger,
    call: Call,
    process: Process,
    *,
    number: int,
    when_paused: Literal["wait", "leave"],
) -> Ports:
    """All ports of one process."""
    clock, silent = ProcessClock(world.scheduler, process, 1000.0 * number), Silent()
    recorded = _LEDGER(call, process, ledger)
    traffic = _TRAFFIC(call, process, FakeTraffic(world))
    probe = _PROBE(call, process, FakeProbe(world))
    parts: Mapping[str, Any] = {
        "stacks": _STACKS(call, process, FakeStacks(world)),
        "compute": _COMPUTE(call, process, FakeCompute(world)),
        "images": _IMAGES(call, process, FakeImages()),
        "configuration": _CONFIGURATION(call, process, FakeConfiguration()),
        "metrics": _METRICS(call, process, FakeMetrics(world)),
        "alarms": _ALARMS(call, process, SimulatedAlarms(world)),
        "hooks": FakeHooks(world),
    }
    return Ports(
        config=config,
        **parts,
        traffic=traffic,  # type: ignore[arg-type]
        ledger=recorded,  # type: ignore[arg-type]
        probe_for=lambda _: probe,  # type: ignore[arg-type, return-value]
        clock=clock,
        identifiers=Names(process.name),
        reporter=silent,
        notifier=silent,
        when_paused=when_paused,
        hold_lease=hold_lease(recorded, clock, process),
        lease_seconds=LEASE_SECONDS,
        urgent=Urgent(ledger=recorded, traffic=traffic),  # type: ignore[arg-type]
    )
