"""What goes wrong at the calls of a process: single faults that wait for a call, and outages that last."""

from dataclasses import dataclass, field
from typing import Any, Literal

from cutover.domain.errors import Interrupted, LeaseLost, PreflightFailed, TransientFailure
from support.simulation.scheduler import Process, Scheduler
from support.simulation.world import World

FaultKind = Literal["throttled", "denied", "unexpected", "lost-answer", "slow", "stale"]
Service = Literal["ledger", "balancer", "ecs", "pulumi", "metrics", "registry"]
SERVICE_OF: dict[str, Service] = {
    "ledger": "ledger",
    "traffic": "balancer",
    "compute": "ecs",
    "stacks": "pulumi",
    "alarms": "metrics",
    "metrics": "metrics",
    "images": "registry",
    "configuration": "registry",
}
"""Ports that can fail. The others never raise by their contract, or their failures are results."""
SLOW_SECONDS = 15.0
STALE_SECONDS = 0.9
"""Reads may be older than a write by less than this; the driver looks twice, a second apart."""


class Unexpected(Exception):
    """An error that is no `CutoverError`, such as a bug of a library."""


@dataclass(slots=True)
class Fault:
    """One fault that hits call number `after` of a process, counted from now."""

    kind: FaultKind
    after: int


@dataclass(slots=True)
class PortCall:
    """One call of a port."""

    process: Process
    port: str
    method: str
    arguments: tuple[Any, ...]


@dataclass(slots=True)
class Outage:
    """A service does not answer, or denies everything, until a virtual time."""

    service: Service
    until: float
    denied: bool


@dataclass
class Faults:
    """Decides for each call whether it fails."""

    scheduler: Scheduler
    outages: list[Outage] = field(default_factory=list)
    armed: dict[Process, list[Fault]] = field(default_factory=dict)

    def arm(self, process: Process, kind: FaultKind, after: int) -> None:
        """One of the next calls of a process will fail."""
        self.armed.setdefault(process, []).append(Fault(kind, after))

    def stop(self) -> None:
        """Nothing fails any more."""
        self.outages, self.armed = [], {}

    def before(self, process: Process, port: str) -> FaultKind | None:
        """Raise what the call meets before its effect; else the fault that follows the effect."""
        if not self.outages and not self.armed:
            return None
        service = SERVICE_OF.get(port)
        if service is None:
            return None
        if self.outages:
            self._in_outage(process, service)
        fault = self._due(process)
        if fault is None or fault in ("lost-answer", "stale"):
            return fault
        process.notes["failed_calls"] = process.notes.get("failed_calls", 0) + 1
        match fault:
            case "slow":
                self.scheduler.sleep(SLOW_SECONDS)
                return None
            case "throttled":
                raise TransientFailure("THROTTLED", f"{service}: ThrottlingException")
            case "denied":
                raise PreflightFailed("DENIED", f"{service}: AccessDeniedException")
            case "unexpected":
                raise Unexpected(service)

    def answer(self, process: Process, fault: FaultKind, call: PortCall, result: Any, world: World) -> Any:
        """What the caller gets after the effect: no answer, or one that is a little old."""
        if fault == "lost-answer":
            process.notes["failed_calls"] = process.notes.get("failed_calls", 0) + 1
            raise TransientFailure("TIMEOUT", f"{call.port}: no answer within the time-out")
        oldest = self.scheduler.now - STALE_SECONDS
        if (call.port, call.method) == ("traffic", "weights") and world.changed_at > oldest:
            return world.before_change
        if (call.port, call.method) == ("compute", "service") and result is not None:
            return world.service_before(call.arguments[0].service_name, result, oldest)
        return result

    def _in_outage(self, process: Process, service: Service) -> None:
        now = self.scheduler.now
        self.outages = [outage for outage in self.outages if outage.until > now]
        for outage in self.outages:
            if outage.service != service:
                continue
            process.notes["failed_calls"] = process.notes.get("failed_calls", 0) + 1
            if outage.denied:
                raise PreflightFailed("DENIED", f"{service}: AccessDeniedException")
            self.scheduler.sleep(0.5)
            raise TransientFailure("UNREACHABLE", f"{service}: no answer")

    def _due(self, process: Process) -> FaultKind | None:
        faults = self.armed.get(process)
        if not faults:
            return None
        due: FaultKind | None = None
        for fault in tuple(faults):
            fault.after -= 1
            if fault.after < 0 and due is None:
                due = fault.kind
                faults.remove(fault)
        if not faults:
            del self.armed[process]
        return due


def check_signals(process: Process) -> None:
    """Called within a long operation of the engine: a signal or a lost lease ends it, and the driver reports that."""
    if process.signalled:
        process.signalled = False
        raise Interrupted("INTERRUPTED", "SIGTERM")
    if process.seconds_left is not None and process.seconds_left() <= 0:
        raise LeaseLost("LEASE_LOST", "the lease was lost during the operation")
