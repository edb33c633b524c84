"""Write the head and the journal of one execution under the fence, then report each change."""

from collections.abc import Mapping

from cutover.domain import (
    Execution,
    JournalEvent,
    Measurement,
    Outcome,
    Phase,
    Request,
    RequestKind,
    Status,
    Step,
    TrafficShare,
    Verdict,
    transition,
)
from cutover.domain.execution import EventKind, Failure
from cutover.domain.steps import Plan
from cutover.ports import Lease, Ports


class Recorder:
    """Holds the current head. A method that records raises `LeaseLost` if another driver has taken the lease.

    Head and event are written in one transaction.
    """

    def __init__(self, ports: Ports, lease: Lease, execution: Execution) -> None:
        self._ports = ports
        self.lease = lease
        self.execution = execution
        self.measurements = list(ports.ledger.measurements(execution.execution_id))

    @property
    def step(self) -> Step | None:
        """The current step; None after the last one."""
        steps = self.execution.plan.steps
        return steps[self.execution.step_index] if self.execution.step_index < len(steps) else None

    def note(self, kind: EventKind, message: str) -> None:
        """Record an event; the head changes only in its time."""
        self._write(kind, message, self.execution)

    def begin_step(self, phase: Phase, message: str) -> None:
        """Record the intent before the step is applied; a retry keeps the start of the first attempt."""
        head = self.execution
        started = head.step_started_at or self._ports.clock.now()
        self._write("intent", message, head.model_copy(update={"phase": phase, "step_started_at": started}))

    def end_step(self, message: str) -> None:
        """Record the outcome, and go on to the next step."""
        head = self.execution
        self._write(
            "outcome",
            message,
            head.model_copy(update={"step_index": head.step_index + 1, "step_started_at": None}),
        )

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
        self._ports.ledger.put_measurement(self.lease, measurement)
        self.measurements.append(measurement)
        return measurement

    def record_request(self, request: Request) -> None:
        """Record a request before it takes effect, so that no other driver processes it a second time."""
        head = self.execution
        update: dict[str, object] = {"last_request_seq": request.seq}
        if request.kind is RequestKind.PROMOTE:
            update["promoted_step"] = request.step_index
        if request.kind is RequestKind.PROMOTE_FULL:
            update["promoted_full"] = True
        reason = f": {request.reason}" if request.reason else ""
        self._write("request", f"{request.kind} requested by {request.by}{reason}", head.model_copy(update=update))

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
        self._ports.reporter.verdict(self.execution, stamped)

    def set_traffic(self, shares: tuple[TrafficShare, ...]) -> None:
        """Put the traffic that was read back into the head; the next event records it."""
        self.execution = self.execution.model_copy(update={"traffic": shares})

    def roll_back(self, plan: Plan, failure: Failure) -> None:
        """Replace the plan with the rollback plan, and record the failure."""
        update = {
            "plan": plan,
            "plan_hash": plan.hash,
            "step_index": 0,
            "step_started_at": None,
            "rolling_back": True,
            "phase": Phase.ROLLING_BACK,
            "error": failure,
        }
        self._write("failure", failure.message, self.execution.model_copy(update=update))

    def finish(self, status: Status, phase: Phase, message: str, failure: Failure | None = None) -> None:
        """Record the end of the execution."""
        head = self.execution
        update = {
            "status": transition(head, status),
            "phase": phase,
            "completed_at": self._ports.clock.now(),
            "error": failure or head.error,
        }
        self._write("finished", message, head.model_copy(update=update))

    def interrupted(self, message: str) -> None:
        """Record that the driver stops; the status is unchanged, so that the execution can be resumed."""
        self._write("interrupted", message, self.execution.model_copy(update={"phase": Phase.INTERRUPTED}))

    def resumed(self, message: str, *, keep_step_time: bool) -> None:
        """Record that a driver continues; without `keep_step_time` the time of the current step starts again."""
        update = {
            "status": transition(self.execution, Status.IN_PROGRESS),
            "completed_at": None,
            "step_started_at": self.execution.step_started_at if keep_step_time else None,
        }
        self._write("resumed", message, self.execution.model_copy(update=update))

    def _write(self, kind: EventKind, message: str, head: Execution) -> None:
        now = self._ports.clock.now()
        head = head.model_copy(update={"updated_at": now, "last_seq": self.execution.last_seq + 1})
        step = head.plan.steps[head.step_index].kind if head.step_index < len(head.plan.steps) else None
        event = JournalEvent(
            execution_id=head.execution_id,
            seq=head.last_seq,
            at=now,
            kind=kind,
            status=head.status,
            phase=head.phase,
            step_index=head.step_index,
            step_kind=step,
            message=message,
            fence=self.lease.fence,
        )
        self._ports.ledger.write(self.lease, head, event)
        self.execution = head
        self._ports.reporter.progress(head, event)
        self._ports.notifier.notify(head, event)
