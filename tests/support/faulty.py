"""Ports of which one method fails: once, for a time, or for ever, before or after its effect."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cutover import ports as protocols
from cutover.domain.errors import PreflightFailed, TransientFailure
from cutover.ports import EnvironmentOutputs, HeldLease, Lease, Ports, Urgent
from support.fakes import FakeClock

PORTS: dict[str, type] = {
    "alarms": protocols.Alarms,
    "compute": protocols.Compute,
    "configuration": protocols.Configuration,
    "held": protocols.HeldLease,
    "hooks": protocols.Hooks,
    "images": protocols.Images,
    "ledger": protocols.Ledger,
    "metrics": protocols.Metrics,
    "notifier": protocols.Notifier,
    "probe": protocols.Probe,
    "reporter": protocols.Reporter,
    "stacks": protocols.Stacks,
    "traffic": protocols.Traffic,
}
"""The ports whose methods can fail. Clock and identifiers only ask the operating system."""
METHODS = (
    *(f"{port}.{name}" for port, protocol in PORTS.items() for name in sorted(vars(protocol)) if name[0] != "_"),
    "compute",
    "ledger",
    "stacks",
    "traffic",
    "everything",
    "urgent.ledger.commit",
    "urgent.traffic.set_weights",
    "urgent.traffic.weights",
)
"""`PORT.METHOD` for every method, `PORT` for all methods of one; `urgent.PORT.METHOD` fails only on the way back."""
NOT_DURING_AN_EXECUTION = frozenset(
    {
        "configuration.pin",
        "images.resolve",
        *(f"ledger.{name}" for name in ("executions", "journal", "latest_execution", "lease", "take", "renew")),
        *(f"ledger.{name}" for name in ("put_hook_answer", "put_request", "weight_changes")),
        *(f"ledger.{name}" for name in ("environment", "put_environment", "forget_environment")),
        *(f"ledger.{name}" for name in ("releases_of", "releases_with")),
        *(f"stacks.create_{name}" for name in ("environment", "platform", "repositories", "store")),
        "stacks.environment",
        *(
            f"stacks.{name}"
            for name in ("destroy_environment", "destroy_platform", "identity", "settings", "unknown_releases")
        ),
        "ledger.other_environments",
        *(f"stacks.{name}" for name in ("preview_environment", "preview_release")),
    }
)
"""Operations and people call them, before an execution starts or beside it."""
IN_MEMORY = frozenset({"held.lease", "held.seconds_left", "held.expect"})
"""They read the memory of the process, and cannot fail."""
ONLY_AFTER_ANOTHER_FAULT = frozenset(
    {"compute.last_lines", "ledger.execution", "ledger.measurements", "stacks.outputs"}
)
"""They are called when an answer was lost, when a driver died, or when a task of the release crashed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a method fails: with which error, for how long (seconds; 0 is one call), and after its effect or before."""

    name: str
    error: Callable[[], Exception]
    seconds: float
    after: bool = False


def _throttled() -> Exception:
    return TransientFailure("AWS_UNAVAILABLE", "ThrottlingException: Rate exceeded")


def _denied() -> Exception:
    return PreflightFailed("AWS_DENIED", "AccessDeniedException: not authorized")


def _surprise() -> Exception:
    return KeyError("TargetHealthDescriptions")


FOR_EVER = 10.0**9
NOTHING = ""
"""In place of a method: a fault that only notes which methods are called."""
KINDS = (
    Kind("throttled once", _throttled, 0.0),
    Kind("throttled for ten minutes", _throttled, 600.0),
    Kind("denied for ever", _denied, FOR_EVER),
    Kind("a surprise once", _surprise, 0.0),
    Kind("a surprise for ever", _surprise, FOR_EVER),
    Kind("an answer lost once", _throttled, 0.0, after=True),
    Kind("answers lost for a minute", _throttled, 60.0, after=True),
)


@dataclass
class Fault:
    """A method that fails from the first call at which `begins` is true."""

    method: str
    kind: Kind
    clock: FakeClock
    begins: Callable[[], bool]
    began: float | None = None
    over: bool = False
    called: set[str] = field(default_factory=set)
    """The methods that were called from when it began, or would have begun."""

    def call(self, name: str, call: Callable[[], object]) -> object:
        """Call, or fail, or both."""
        if self.method == NOTHING:
            also = (name.removeprefix("urgent."), name.removeprefix("urgent.").partition(".")[0], "everything")
            self.called |= {name, *also} if self.begins() else set()
            return call()
        if not self._concerns(name) or self.over or not self._is_on():
            return call()
        if self.kind.after:
            call()
        raise self.kind.error()

    def _concerns(self, name: str) -> bool:
        whole = self.method == "everything" or name.removeprefix("urgent.").partition(".")[0] == self.method
        return name not in IN_MEMORY and (whole or name in (self.method, f"urgent.{self.method}"))

    def _is_on(self) -> bool:
        now = self.clock.monotonic()
        if self.began is None:
            if not self.begins():
                return False
            self.began = now
            return True
        return now < self.began + self.kind.seconds


class _Faulty:
    """A port in front of another one."""

    def __init__(self, name: str, port: object, fault: Fault) -> None:
        self._name, self._port, self._fault = name, port, fault

    def __getattr__(self, name: str) -> object:
        value = getattr(self._port, name)
        if not callable(value):
            return value
        return lambda *args, **named: self._fault.call(f"{self._name}.{name}", lambda: value(*args, **named))


def faulty(ports: Ports, fault: Fault) -> Ports:
    """The ports with the fault."""

    def wrapped(name: str, port: object) -> object:
        return _Faulty(name, port, fault)

    @contextmanager
    def hold(lease: Lease) -> Iterator[HeldLease]:
        with ports.hold_lease(lease) as held:
            yield wrapped("held", held)  # type: ignore[misc]

    def probe_for(environment: EnvironmentOutputs) -> object:
        return wrapped("probe", ports.probe_for(environment))

    names = [name for name in PORTS if name not in ("held", "probe")]
    urgent = Urgent(
        ledger=wrapped("urgent.ledger", ports.urgent.ledger),  # type: ignore[arg-type]
        traffic=wrapped("urgent.traffic", ports.urgent.traffic),  # type: ignore[arg-type]
    )
    changes = {name: wrapped(name, getattr(ports, name)) for name in names}
    return replace(ports, **changes, hold_lease=hold, probe_for=probe_for, urgent=urgent)  # type: ignore[arg-type]
