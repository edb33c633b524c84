"""Write the head and the journal of one execution under the fence, then report each change."""

from collections.abc import Callable, Mapping
from math import inf

from cutover.domain import (
    Allocation,
    Control,
    Execution,
    GoodReleases,
    JournalEvent,
    Measurement,
    Outcome,
    Phase,
    Release,
    Status,
    Step,
    Verdict,
    WeightsChange,
    transition,
)
from cutover.domain.errors import HeadMoved, RequestsChanged, TransientFailure
from cutover.domain.execution import EventKind, Failure
from cutover.domain.steps import Plan
from cutover.execution.abort import aborted
from cutover.execution.journal import next_event
from cutover.execution.reports import Reports
from cutover.ports import Changes, Lease, Ledger, Ports

ATTEMPTS = 4
"""Number of attempts to write one event; the same event is written again, so that a lost answer does no harm."""
_INTENTS: frozenset[EventKind] = frozenset({"intent", "weights"})
"""Events after which the driver acts. A request that arrived before them is processed first."""
_FACTS: frozenset[EventKind] = frozenset({"interrupted", "resumed", "stack"})
"""Events that say what has happened. They are recorded whatever a person requests; the next read processes that."""


class Recorder:
    """Holds the current head. A method that records raises `LeaseLost` if another driver has taken the lease.

    Head, event and changes are written in one transaction, which fails if a person made a request that the driver has
    not read yet. So no request is lost: see `_requests_changed`.
    """

    def __init__(self, ports: Ports, lease: Lease, execution: Execution) -> None:
        self._ports = ports
        self.reports = Reports(ports)
        self.lease = lease
        self.execution = execution
        self.control = Control(execution_id=execution.execution_id)
        self.measurements: list[Measurement] = []
        self._measured_at: dict[int, float] = {}
        self._known: Allocation | None = None
        self._known_before: Allocation | None = None
        self._allocation: Allocation | None = None
        self._began: tuple[int, float] | None = None
        self._earlier_seconds = 0.0
        self._fence_checked_at: float | None = None

    @property
    def step(self) -> Step | None:
        """The current step; None after the last one."""
        steps = self.execution.plan.steps
        return steps[self.execution.step_index] if self.execution.step_index < len(steps) else None

    @property
    def cleans_up(self) -> bool:
        """Whether the current step only cleans up, so that the execution has succeeded already."""
        start = self.execution.plan.clean_up_from
        return start is not None and self.execution.step_index >= start

    def read_control(self) -> Control:
        """Read the requests, and record new ones in the journal."""
        self.control = self._ports.ledger.control(self.execution.execution_id)
        if self.control.version > self.execution.control_version:
            self._record_requests()
        return self.control

    def known_allocation(self) -> Allocation:
        """The allocation that this driver last read or recorded; only the holder of the lease changes the record."""
        if self._known is None:
            self._known = self._ports.ledger.allocation()
        return self._known

    def best_known_allocation(self) -> Allocation:
        """The same for the way back, which no failed read stops: then it is what was known before, unconfirmed."""
        try:
            if self._known is None:
                self._known = self._ports.urgent.ledger.allocation()
            return self._known
        except Exception:
            if self._known_before is None:
                raise
            return self._known_before.model_copy(update={"confirmed": False})

    def step_seconds(self) -> float:
        """Seconds since the current step began in this driver, plus those that `resumed` carried over."""
        now = self._ports.clock.monotonic()
        if self._began is None or self._began[0] != self.execution.step_index:
            self._began = (self.execution.step_index, now)
        return self._earlier_seconds + now - self._began[1]

    def seconds_since_fence_check(self) -> float:
        """Seconds since the last record that the ledger accepted; it accepts none after a take-over."""
        return inf if self._fence_checked_at is None else self._ports.clock.monotonic() - self._fence_checked_at

    def note(self, kind: EventKind, message: str, changes: Changes = Changes()) -> None:  # noqa: B008  it is frozen
        """Record an event and changes; the head changes only in its time."""
        self._write(kind, message, self.execution, changes)

    def begin_step(self, phase: Phase, message: str) -> None:
        """Record the intent before the step is applied; a retry keeps the start of the first attempt."""
        head = self.execution
        self.step_seconds()
        started = head.step_started_at or self._ports.clock.now()
        self._write("intent", message, head.model_copy(update={"phase": phase, "step_started_at": started}))

    def end_step(self, message: str) -> None:
        """Record the outcome, and go on to the next step."""
        self._write("outcome", message, self._next_step())
        self._forget_time()

    def skip_steps(self, number: int, warning: str) -> None:
        """Record that this many steps, which only clean up, are not carried out, and go on after them."""
        head = self._next_step(number)
        update = {"warnings": (*head.warnings, warning)}
        self._write("warning", f"{warning}; `cutover gc` tries again later", head.model_copy(update=update))
        self._forget_time()

    def record_weights(self, allocation: Allocation, change: WeightsChange) -> None:
        """Record an allocation before the listener gets it; `confirm` follows when it was read back."""
        changes = Changes(allocation=allocation)
        if self._known is not None:
            self._known_before = self._known
        self._known = None
        head = self.execution.model_copy(update={"moved_traffic": True})
        self._write("weights", change.sentence, head, changes, change)
        self._known = allocation

    def scaled(self, release: str) -> None:
        """Put the time of a change of the desired count into the head; the next event records it."""
        scaled_at = {**self.execution.scaled_at, release: self._ports.clock.now()}
        self.execution = self.execution.model_copy(update={"scaled_at": scaled_at})

    def answer_drift(self, version: int) -> None:
        """Put the answered request into the head; the next event records it."""
        self.execution = self.execution.model_copy(update={"answered_drift": version})

    def confirm(self, allocation: Allocation) -> None:
        """Put the weights that were read back into the head; the next event records that they are confirmed."""
        confirmed = allocation.model_copy(update={"confirmed": True})
        self._allocation = self._known = confirmed
        self.execution = self.execution.model_copy(update={"traffic": confirmed.traffic})

    def doubt(self, live: Mapping[str, int]) -> None:
        """Count the recorded weights as not written: the listener has `live`, and the next write replaces that."""
        self._known = self.known_allocation().model_copy(update={"confirmed": False, "replaced": dict(live)})

    def record_measurement(
        self,
        gate: str,
        release: str,
        *,
        values: Mapping[str, float | None] | None = None,
        series: Mapping[str, tuple[float | None, ...]] | None = None,
        error: str = "",
    ) -> Measurement:
        """Record the raw numbers of a gate, before they are judged."""
        measurement = Measurement(
            execution_id=self.execution.execution_id,
            seq=len(self.measurements) + 1,
            at=self._ports.clock.now(),
            gate=gate,
            step_index=self.execution.step_index,
            release=release,
            values=dict(values or {}),
            series=dict(series or {}),
            error=error,
        )
        try:
            self._attempt(lambda: self._ports.ledger.put_measurement(self.lease, measurement))
        except HeadMoved as moved:
            self.measurements = list(self._ports.ledger.measurements(self.execution.execution_id))
            raise TransientFailure(moved.code, moved.message) from moved
        self.measurements.append(measurement)
        self._measured_at[measurement.seq] = self._ports.clock.monotonic()
        return measurement

    def seconds_since_measurement(self, measurement: Measurement) -> float:
        """Seconds since a measurement, on the monotonic clock if this driver has made it."""
        measured_at = self._measured_at.get(measurement.seq)
        if measured_at is None:
            return (self._ports.clock.now() - measurement.at).total_seconds()
        return self._ports.clock.monotonic() - measured_at

    def paused(self, message: str) -> None:
        """Record that the execution waits for a person."""
        self._write("paused", message, self.execution.model_copy(update={"phase": Phase.PAUSED}))

    def unpaused(self, phase: Phase, message: str) -> None:
        """Record that the execution continues in `phase`."""
        self._write("resumed", message, self.execution.model_copy(update={"phase": phase}))

    def record_verdict(self, verdict: Verdict) -> None:
        """Report a verdict; record it if it differs from the gate's last one.

        PASS after PASS does not differ, even with other figures: measurements are recorded separately.
        """
        known = {v.gate: v for v in self.execution.verdicts}
        stamped = verdict.model_copy(update={"at": self._ports.clock.now()})
        last = known.get(verdict.gate)
        same_reason = verdict.verdict is Outcome.PASS or (last is not None and last.reason == verdict.reason)
        changed = last is None or last.verdict is not verdict.verdict or not same_reason
        known[verdict.gate] = stamped
        head = self.execution.model_copy(update={"verdicts": tuple(known.values())})
        if changed:
            self._write("verdict", f"{verdict.gate}: {verdict.verdict} - {verdict.reason}", head)
        else:
            self.execution = head
        self.reports.verdict(self.execution, stamped)

    def turn_back(
        self, failure: Failure, allocation: Allocation | None, change: WeightsChange | None, ledger: Ledger
    ) -> None:
        """Record the failure and, in the same transaction, the weights that take the traffic from the candidate.

        The rest of the rollback plan is made afterwards. Each write is tried once, because users wait.
        """
        update: dict[str, object] = {
            "plan": Plan(strategy="rollback", steps=()),
            "plan_hash": Plan(strategy="rollback", steps=()).hash,
            "planned_fully": False,
            "moved_traffic": self.execution.moved_traffic or change is not None,
            "step_index": 0,
            "step_started_at": None,
            "rolling_back": True,
            "phase": Phase.ROLLING_BACK,
            "error": failure,
        }
        try:
            head, event = self._commit_once(update, failure.message, allocation, change, ledger)
        except RequestsChanged:
            # The driver already does what the strongest request, an abort, would make it do.
            self.control = ledger.control(self.execution.execution_id)
            update["control_version"] = self.control.version
            head, event = self._commit_once(update, failure.message, allocation, change, ledger)
        except HeadMoved:
            # The answer to an earlier event was lost: it is recorded, and perhaps it is this very turn.
            self.execution = ledger.execution(self.execution.execution_id) or self.execution
            if self.execution.rolling_back:
                self._known = self._allocation = None
                self._forget_time()
                return
            head, event = self._commit_once(update, failure.message, allocation, change, ledger)
        if allocation is not None:
            # A confirmation of the weights before these must not be recorded any more.
            self._known, self._allocation = allocation, None
        self._done(head, event)
        self._forget_time()

    def _commit_once(
        self,
        update: Mapping[str, object],
        message: str,
        allocation: Allocation | None,
        change: WeightsChange | None,
        ledger: Ledger,
    ) -> tuple[Execution, JournalEvent]:
        head, event = self._event("failure", message, self.execution.model_copy(update=update), change)
        ledger.commit(self.lease, head, event, Changes(allocation=allocation))
        return head, event

    def replan(self, plan: Plan) -> None:
        """Record the rest of the rollback plan."""
        update = {"plan": plan, "plan_hash": plan.hash, "planned_fully": True, "step_index": 0}
        sentence = f"the rollback has {len(plan.steps)} steps"
        self._write("intent", sentence, self.execution.model_copy(update=update))

    def finish(
        self,
        status: Status,
        phase: Phase,
        message: str,
        failure: Failure | None = None,
        *,
        releases: tuple[Release, ...] = (),
        good: GoodReleases | None = None,
    ) -> None:
        """Record the end of the execution, and in the same transaction what it changes for later ones."""
        head = self.execution
        update = {
            "status": transition(head, status),
            "phase": phase,
            "completed_at": self._ports.clock.now(),
            "error": failure or head.error,
        }
        self._write("finished", message, head.model_copy(update=update), Changes(releases=releases, good=good))

    def interrupted(self, message: str) -> None:
        """Record that the driver stops; the status is unchanged, so that the execution can be resumed."""
        self._write("interrupted", message, self.execution.model_copy(update={"phase": Phase.INTERRUPTED}))

    def resumed(self, message: str, *, keep_step_time: bool) -> None:
        """Record that a driver continues; without `keep_step_time` the time of the current step starts again."""
        head = self.execution
        if keep_step_time and head.step_started_at is not None:
            self._earlier_seconds = max(0.0, (self._ports.clock.now() - head.step_started_at).total_seconds())
        update = {
            "status": transition(head, Status.IN_PROGRESS),
            "completed_at": None,
            "step_started_at": head.step_started_at if keep_step_time else None,
        }
        self.measurements = list(self._ports.ledger.measurements(head.execution_id))
        self._write("resumed", message, head.model_copy(update=update))

    def _next_step(self, number: int = 1) -> Execution:
        head = self.execution
        return head.model_copy(update={"step_index": head.step_index + number, "step_started_at": None})

    def _forget_time(self) -> None:
        self._began, self._earlier_seconds = None, 0.0

    def _write(
        self,
        kind: EventKind,
        message: str,
        head: Execution,
        changes: Changes = Changes(),  # noqa: B008  it is frozen
        weights: WeightsChange | None = None,
    ) -> None:
        if self._allocation is not None and changes.allocation is None:
            changes = Changes(changes.releases, self._allocation, changes.good)
        head, event = self._event(kind, message, head, weights)
        try:
            self._attempt(lambda: self._ports.ledger.commit(self.lease, head, event, changes))
        except RequestsChanged:
            self._requests_changed(kind)
            head = head.model_copy(update={"control_version": self.execution.control_version})
            self._write(kind, message, head, changes, weights)
            return
        except HeadMoved as moved:
            self._read_head_again()
            raise TransientFailure(moved.code, moved.message) from moved
        self._allocation = None
        self._done(head, event)

    def _event(
        self, kind: EventKind, message: str, head: Execution, weights: WeightsChange | None
    ) -> tuple[Execution, JournalEvent]:
        now, fence = self._ports.clock.now(), self.lease.fence
        return next_event(self.execution, head, fence, now, kind=kind, message=message, weights=weights)

    def _done(self, head: Execution, event: JournalEvent) -> None:
        self.execution = head
        self.reports.event(head, event)

    def _requests_changed(self, kind: EventKind) -> None:
        """A person made a request since the last read. Journal it; then the event is written again, or not at all.

        Raises:
            StepFailed: the person aborted, and the execution does not roll back yet.
            RequestsChanged: the driver was about to act; it processes the request first.
        """
        self.control = self._ports.ledger.control(self.execution.execution_id)
        self._record_requests()
        if kind in _FACTS:
            return
        if self.control.abort is not None and not self.execution.goes_back:
            raise aborted(self.control.abort)
        if kind in _INTENTS and not self.execution.rolling_back:
            raise RequestsChanged("REQUESTS_CHANGED", "a person made a request")

    def _record_requests(self) -> None:
        requests = self.control.after(self.execution.control_version)
        reasons = "; ".join(
            f"{each.kind} requested by {each.by}" + (f": {each.reason}" if each.reason else "") for each in requests
        )
        head = self.execution.model_copy(update={"control_version": self.control.version})
        self._write("request", reasons or "requests were recorded", head)

    def _attempt(self, write: Callable[[], None]) -> None:
        for attempt in range(ATTEMPTS):
            sent_at = self._ports.clock.monotonic()
            try:
                write()
                self._fence_checked_at = sent_at
                return
            except TransientFailure:
                if attempt == ATTEMPTS - 1:
                    raise
                self._ports.clock.sleep(0.2 * 2**attempt * (0.5 + self._ports.identifiers.fraction()))

    def _read_head_again(self) -> None:
        head = self._ports.ledger.execution(self.execution.execution_id)
        if head is not None:
            if head.step_index != self.execution.step_index:
                self._forget_time()
            self.execution = head
        self.measurements = list(self._ports.ledger.measurements(self.execution.execution_id))
