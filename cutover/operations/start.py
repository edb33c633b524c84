"""Shared by all verbs that carry out an execution: record its start, and run it under the lease."""

from typing import Literal

from cutover.config.settings import pinned_settings, settings_hash
from cutover.domain import Execution, Manifest, Phase, Plan, Release, ReleaseRef, ReleaseState, Status
from cutover.execution.context import ExecutionContext
from cutover.execution.engine import run_plan
from cutover.execution.knowledge import knowledge_of
from cutover.execution.patience import Patience
from cutover.execution.recorder import Recorder
from cutover.operations.credentials import ends_too_early
from cutover.ports import Changes, EnvironmentOutputs, HeldLease, Ports

Purpose = Literal["deploy", "rollback", "drill", "gc", "destroy"]


def new_execution(
    ports: Ports,
    *,
    purpose: Purpose,
    plan: Plan,
    candidate: ReleaseRef,
    baseline: ReleaseRef | None,
    fired_before: tuple[str, ...] = (),
    supersedes: str | None = None,
) -> Execution:
    """The head of a new execution, which has the next number; it is not recorded yet. Call it under the lease."""
    now, newest, settings = ports.clock.now(), ports.ledger.latest_execution(), pinned_settings(ports.config)
    number = newest.number + 1 if newest else 1
    return Execution(
        execution_id=f"{ports.config.environment}-{number}",
        number=number,
        application=ports.config.application,
        environment=ports.config.environment,
        purpose=purpose,
        status=Status.IN_PROGRESS,
        phase=Phase.PENDING,
        strategy=plan.strategy,
        plan=plan,
        plan_hash=plan.hash,
        settings=settings,
        settings_hash=settings_hash(settings),
        candidate=candidate,
        baseline=baseline,
        fired_before=fired_before,
        supersedes=supersedes,
        traffic=ports.ledger.allocation().traffic,
        started_by=ports.identifiers.person(),
        started_at=now,
        updated_at=now,
    )


def start(
    ports: Ports,
    held: HeldLease,
    execution: Execution,
    environment: EnvironmentOutputs,
    manifests: tuple[Manifest, ...] = (),
) -> Execution:
    """Record the execution with the releases of `manifests`, then carry it out."""
    recorder = Recorder(ports, held.lease, execution)
    record_start(ports, recorder, manifests)
    return carry_out(ports, held, recorder, environment)


def record_start(ports: Ports, recorder: Recorder, manifests: tuple[Manifest, ...]) -> None:
    """Record the releases and the start of the execution in one transaction.

    A driver that resumes creates the releases from the ledger alone.
    """
    now, head = ports.clock.now(), recorder.execution
    releases = tuple(
        Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.CREATING, created_at=now)
        for manifest in manifests
        if ports.ledger.release(manifest.ref.release) is None
    )
    parts = [f"{head.purpose} {head.candidate.release}: {head.plan.strategy}, {len(head.plan.steps)} steps"]
    parts += [f"started by {head.started_by}"] if head.started_by else []
    parts += [f"supersedes {head.supersedes}"] if head.supersedes else []
    parts += (
        [f"these alarms were in ALARM before the start and are not watched: {', '.join(head.fired_before)}"]
        if head.fired_before
        else []
    )
    credentials = ends_too_early(ports.config, head.plan, now, ports.credentials_end())
    parts += [credentials] if credentials else []
    recorder.note("started", "; ".join(parts), Changes(releases=releases))


def carry_out(ports: Ports, held: HeldLease, recorder: Recorder, environment: EnvironmentOutputs) -> Execution:
    """Carry out a recorded execution to its end; raises the errors of `run_plan`."""
    return run_plan(context_of(ports, held, recorder, environment))


def context_of(ports: Ports, held: HeldLease, recorder: Recorder, environment: EnvironmentOutputs) -> ExecutionContext:
    """The context in which a recorded execution is carried out."""
    patience = ports.config.gates.patience
    return ExecutionContext(
        ports=ports,
        recorder=recorder,
        environment=environment,
        held=held,
        knowledge=knowledge_of(recorder.execution),
        patience=Patience(patience),
        reading=Patience(patience),
    )
