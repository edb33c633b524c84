"""One simulated application and environment: processes over one world, with the watch checked at every call."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from greenlet import GreenletExit

from cutover.domain import Execution
from cutover.domain.errors import CutoverError
from support.simulation.fast import FastLedger, configuration
from support.simulation.faults import Faults, PortCall, check_signals
from support.simulation.ports import ports_of
from support.simulation.promises import checks_by_kind
from support.simulation.scheduler import Process, Scheduler
from support.simulation.verbs import DEPLOYING, READ_ONLY, VERBS
from support.simulation.watch import CHECKED_AFTER, CHECKED_BEFORE, Watch
from support.simulation.world import TrueClock, WeightsWrite, World

CREATE_SECONDS, DESTROY_SECONDS, UPDATE_SECONDS = 2.0, 1.0, 1.0
"""Virtual time of the engine's operations."""
_EFFECTIVE = frozenset({"ledger", "stacks", "compute", "traffic"})
_READS = frozenset(
    [
        "lease",
        "execution",
        "latest_execution",
        "executions",
        "journal",
        "weight_changes",
        "control",
        "measurements",
        "hook_answer",
        "allocation",
        "good",
        "release",
        "standing",
        "releases",
        "releases_of",
        "releases_with",
        "service",
        "weights",
        "target_health",
        "environment",
        "release_exists",
        "outputs",
        "preview_environment",
        "preview_release",
    ]
)
_CHECKS = checks_by_kind()
_REQUESTS = 100.0
"""Requests of a version in a period, for the metric gate."""


class _Values:
    """The metrics of all versions: 100 requests in each period; a version that behaves as `bad-metric` fails half."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, key: tuple[str, str]) -> float | None:
        version, name = key
        if name == "RequestCount":
            return _REQUESTS
        return _REQUESTS / 2 if self._world.behaviour.get(version) == "bad-metric" else 0.0


class Simulation:
    """Start verbs as processes, run them in slices, and disturb them."""

    def __init__(self, gates: str = "health", retention: str = "hot", on_drift: str = "stop") -> None:
        self.scheduler = Scheduler()
        self.world = World(clock=TrueClock(self.scheduler), scheduler=self.scheduler)  # type: ignore[arg-type]
        self.world.values = _Values(self.world)  # type: ignore[assignment]
        self.world.before_call = self._within_a_call
        self.world.on_weights = self._weights_changed
        self.ledger = FastLedger(self.world.clock)
        self.faults = Faults(self.scheduler)
        self.processes: list[Process] = []
        self.trace: list[str] = []
        self.gates, self.retention, self.on_drift = gates, retention, on_drift
        self.broken_later: set[str] = set()
        """Good versions whose tasks failed for some time."""
        self.watch = Watch(self)
        self.checks = _CHECKS
        self.effects = 0
        """Number of effects on the world or the records so far."""
        self.on_call: Callable[[Process, str, str], None] | None = None

    def start(
        self,
        verb: str,
        version: str = "v1",
        strategy: str = "blue-green",
        *,
        skew: float = 0.0,
        when_paused: Literal["wait", "leave"] = "wait",
    ) -> Process:
        """Start a verb as a new process, which runs when `run` lets it."""
        number = len(self.processes) + 1
        process = Process(f"{verb}-{number}", verb, skew)
        self.processes.append(process)
        config = configuration(version, strategy, self.gates, self.retention, self.on_drift)
        ports = ports_of(config, self.world, self.ledger, self.call, process, number=number, when_paused=when_paused)
        act = VERBS[verb]
        label = f"{verb} {version} {strategy}" if verb in DEPLOYING else verb
        self.note(f"{process.name} starts: {label}")

        def run() -> None:
            try:
                result = act(ports)
                process.ended = result.status.value if isinstance(result, Execution) else "done"
            except CutoverError as error:
                process.ended = f"{type(error).__name__} {error.code}: {error.message}"
            except GreenletExit:
                raise
            except Exception as error:  # noqa: BLE001  whatever leaves a verb is kept and judged
                process.ended, process.error = repr(error), error
            self.note(f"{process.name} ends: {process.ended}")
            self.watch.process_ended(process)

        self.scheduler.spawn(process, run)
        return process

    def fork(self) -> "Simulation":
        """Another simulation in the same state. Nobody may be at work here."""
        assert not self.scheduler.actors, "a process at work cannot be copied"
        other = Simulation(self.gates, self.retention, self.on_drift)
        other.scheduler.now, other.scheduler.calls = self.scheduler.now, self.scheduler.calls
        other.world.take_state_of(self.world)
        other.ledger = replace(
            self.ledger,
            clock=other.world.clock,
            heads=dict(self.ledger.heads),
            events=dict(self.ledger.events),
            controls=dict(self.ledger.controls),
            measured={name: list(measured) for name, measured in self.ledger.measured.items()},
            all_releases=dict(self.ledger.all_releases),
        )
        other.processes, other.trace = list(self.processes), list(self.trace)
        other.broken_later = set(self.broken_later)
        other.watch.good = list(self.watch.good)
        other.watch.completed, other.watch.heads = set(self.watch.completed), dict(self.watch.heads)
        return other

    def run(self, hand_overs: int, who: int = 0, until: float = float("inf")) -> None:
        """Let processes run; see `Scheduler.run`."""
        self.scheduler.run(hand_overs, who, until)

    def run_to(self, text: str, who: int = 0) -> None:
        """Run until a line of the trace contains `text`: the process stops at its next hand-over."""
        seen = len(self.trace)
        while not any(text in line for line in self.trace[seen:]):
            assert self.scheduler.actors, f"nobody is at work, and no line has {text!r}"
            self.run(1, who)

    def finish(self, *processes: Process) -> None:
        """Run until these processes have ended; all of them if none is named."""
        while any(self.scheduler.is_at_work(process) for process in processes or tuple(self.processes)):
            self.run(1000)

    def version(self) -> tuple[float, int]:
        """Changes with every effect and with the time: two moments with the same version leave the same behind."""
        return self.scheduler.now, self.effects

    def at_work(self) -> list[Process]:
        """The processes that have not ended."""
        return [process for process in self.processes if self.scheduler.is_at_work(process)]

    def kill(self, process: Process) -> None:
        """SIGKILL."""
        if self.scheduler.is_at_work(process):
            self.note(f"{process.name} is killed")
            self.scheduler.kill(process)

    def flap(self, version: str, behaviour: str) -> None:
        """The tasks of a version fail for some time, or work again; a version that never works stays as it is."""
        now = self.world.behaviour.get(version, "good")
        if now == "good" or version in self.broken_later:
            self.broken_later.add(version)
            self.world.set_behaviour(version, behaviour)

    def note(self, line: str) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{self.scheduler.now - 1000:8.2f} {line}")

    def close(self) -> None:
        """End all greenlets; nothing has an effect any more."""
        self.on_call = None
        self.watch.active = False
        self.scheduler.close()

    def call(
        self, process: Process, port: str, method: str, function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> Any:
        """Make one call of a port: hand over, fail or act, check, hand over, answer."""
        if not process.alive:
            raise GreenletExit
        scheduler, watch, faults = self.scheduler, self.watch, self.faults
        if self.on_call is not None:
            self.on_call(process, port, method)
        scheduler.hand_over()
        fault = faults.before(process, port) if faults.armed or faults.outages else None
        call = PortCall(process, port, method, arguments)
        if port in CHECKED_BEFORE or process.verb in READ_ONLY:
            watch.before_call(call)
        result = self._act(call, function)
        self.effects += port in _EFFECTIVE and method not in _READS
        if port in CHECKED_AFTER:
            watch.after_call(call, result)
        if self.on_call is not None:
            self.on_call(process, port, method)
        scheduler.hand_over()
        if fault is not None:
            return faults.answer(process, fault, call, result, self.world)
        return result

    def _act(self, call: PortCall, function: Callable[..., Any]) -> Any:
        """The effect of a call."""
        try:
            if call.port != "stacks":
                return function(*call.arguments)
            with self.world.lock(call.process, call.method, call.arguments):
                return function(*call.arguments)
        except AssertionError as error:
            # The fakes check what DynamoDB cannot: numbers without a gap, an unbroken chain.
            self.watch.broken(22, f"{call.process.name} {call.port}.{call.method}: {error}")
            raise
        except Exception:
            self.watch.call_ends(call)
            self.scheduler.hand_over()
            raise

    def _within_a_call(self, name: str) -> None:
        """The engine is at work: time passes, a signal or a lost lease ends it, and a kill leaves half of it done."""
        actor = self.scheduler.current
        if actor is None:
            return
        self.effects += 1
        kind = name.partition(" ")[0]
        seconds = {"finish": CREATE_SECONDS, "delete": DESTROY_SECONDS, "up": UPDATE_SECONDS}.get(kind)
        if self.on_call is not None:
            self.on_call(actor.process, "engine", name)
        if seconds is None:
            return
        self.scheduler.sleep(seconds)
        check_signals(actor.process)

    def _weights_changed(self, write: WeightsWrite) -> None:
        who = write.process.name if write.process is not None else "a person"
        self.note(f"{who} writes the weights {_short(write.before)} → {_short(write.after)}")
        self.watch.weights_changed(write)


def _short(weights: Mapping[str, int]) -> str:
    return "{" + ", ".join(f"{arn.split('-')[1]} {weight}" for arn, weight in sorted(weights.items())) + "}"
