"""The head of one execution and its journal: every change is recorded under the fence, then reported."""

from collections.abc import Mapping

from cutover.domain import (
    Approve,
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
    """Holds the present head; each method writes head and event in one transaction, or raises `LeaseLost`."""

    def __init__(self, ports: Ports, lease: Lease, execution: Execution) -> None:
        self._world = ports
        self.lease = lease
        self.execution = execution
        self.measurements = list(ports.ledger.measurements(execution.execution_id))

    @property
    def step(self) -> Step | None:
        """The step at work; None after the last."""
        steps = self.execution.plan.steps
        return steps[self.execution.step_index] if self.execution.step_index < len(steps) else None

    def note(self, kind: EventKind, message: str) -> None:
        """Write an event; the head only gets its time."""
        self._write(kind, message, self.execution)

    def begin_step(self, phase: Phase, message: str) -> None:
        """The intent, before the act; a step that is tried again keeps its first time."""
        head = self.execution
        started = head.step_started_at or self._world.clock.now()
        self._write("intent", message, head.model_copy(update={"phase": phase, "step_started_at": started}))

    def end_step(self, message: str) -> None:
        """The outcome, which moves the index on."""
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
        """Record what a gate measured, raw, before anybody judges it."""
        measurement = Measurement(
            execution_id=self.execution.execution_id,
            seq=len(self.measurements) + 1,
            at=self._world.clock.now(),
            gate=gate,
            step_index=self.execution.step_index,
            release=release,
            values=dict(values or {}),
            series=dict(series or {}),
            error=error,
        )
        self._world.ledger.put_measurement(self.lease, measurement)
        self.measurements.append(measurement)
        return measurement

    def record_request(self, request: Request) -> None:
        """A request was read: who asked for what; it is acted on once, whoever drives."""
        head = self.execution
        update: dict[str, object] = {"last_request_seq": request.seq}
        if request.kind is RequestKind.PROMOTE:
            update["promoted_step"] = request.step_index
        if request.kind is RequestKind.PROMOTE_FULL:
            update["promoted_full"] = True
        reason = f": {request.reason}" if request.reason else ""
        self._write("request", f"{request.by} asked to {request.kind}{reason}", head.model_copy(update=update))

    def paused(self, message: str) -> None:
        """The execution waits for a person."""
        self._write("paused", message, self.execution.model_copy(update={"phase": Phase.PAUSED}))

    def unpaused(self, phase: Phase, message: str) -> None:
        """It goes on in the phase that it was in."""
        self._write("resumed", message, self.execution.model_copy(update={"phase": phase}))

    def record_verdict(self, verdict: Verdict) -> None:
        """A gate's verdict; recorded where it differs from the gate's last one, reported always.

        A gate that passes again with other figures is no news: its measurements are recorded apart.
        """
        known = {v.gate: v for v in self.execution.verdicts}
        stamped = verdict.model_copy(update={"at": self._world.clock.now()})
        last = known.get(verdict.gate)
        same_reason = verdict.verdict is Outcome.PASS or (last is not None and last.reason == verdict.reason)
        changed = last is None or last.verdict is not verdict.verdict or not same_reason
        known[verdict.gate] = stamped
        head = self.execution.model_copy(update={"verdicts": tuple(known.values())})
        if changed:
            self._write("verdict", f"{verdict.gate}: {verdict.verdict} - {verdict.reason}", head)
        else:
            self.execution = head
        self._world.reporter.verdict(self.execution, stamped)

    def set_traffic(self, shares: tuple[TrafficShare, ...]) -> None:
        """What the traffic was read back as; kept in the head, written with the next event."""
        self.execution = self.execution.model_copy(update={"traffic": shares})

    def roll_back(self, plan: Plan, failure: Failure) -> None:
        """Replace the plan by the rollback plan, and say why."""
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
        """The end of the execution."""
        head = self.execution
        update = {
            "status": transition(head, status),
            "phase": phase,
            "completed_at": self._world.clock.now(),
            "error": failure or head.error,
        }
        self._write("finished", message, head.model_copy(update=update))

    def interrupted(self, message: str) -> None:
        """The driver was told to stop; the status stays, so that it can be resumed."""
        self._write("interrupted", message, self.execution.model_copy(update={"phase": Phase.INTERRUPTED}))

    def resumed(self, message: str) -> None:
        """Another driver, or the same again, goes on; deadlines and bakes count only time that was watched."""
        update = {
            "status": transition(self.execution, Status.IN_PROGRESS),
            "completed_at": None,
            # A person's time to answer runs on whoever drives.
            "step_started_at": self.execution.step_started_at if isinstance(self.step, Approve) else None,
        }
        self._write("resumed", message, self.execution.model_copy(update=update))

    def _write(self, kind: EventKind, message: str, head: Execution) -> None:
        now = self._world.clock.now()
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
        self._world.ledger.write(self.lease, head, event)
        self.execution = head
        self._world.reporter.progress(head, event)
        self._world.notifier.notify(head, event)
