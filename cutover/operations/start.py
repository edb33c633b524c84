"""Shared by all verbs that carry out an execution: record its start, and run it while its lease is renewed."""

from collections.abc import Callable
from typing import Literal

from cutover.domain import Execution, Manifest, Phase, Plan, Release, ReleaseRef, ReleaseState, Status
from cutover.domain.errors import LeaseLost
from cutover.execution.context import ExecutionContext
from cutover.execution.engine import run_plan
from cutover.execution.recorder import Recorder
from cutover.ports import EnvironmentOutputs, Ports

Purpose = Literal["deploy", "rollback", "drill", "gc"]


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
    """The head of a new execution; it is not recorded yet."""
    now = ports.clock.now()
    return Execution(
        execution_id=ports.identifiers.execution_id(),
        application=ports.config.application,
        environment=ports.config.environment,
        purpose=purpose,
        status=Status.IN_PROGRESS,
        phase=Phase.PENDING,
        strategy=plan.strategy,
        plan=plan,
        plan_hash=plan.hash,
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
    ports: Ports, execution: Execution, environment: EnvironmentOutputs, manifests: tuple[Manifest, ...] = ()
) -> Execution:
    """Record the execution and the releases of `manifests` under a new lease, then carry the execution out.

    Raises:
        Refused: another driver has the lease.
    """
    lease = ports.ledger.acquire(ports.identifiers.holder(), execution.execution_id)
    recorder = Recorder(ports, lease, execution)
    return run_under_lease(ports, recorder, environment, lambda: record_start(ports, recorder, manifests))


def record_start(ports: Ports, recorder: Recorder, manifests: tuple[Manifest, ...]) -> None:
    """Record the releases, then the start of the execution."""
    # Record the manifests first: a driver that resumes creates the releases from the ledger alone.
    now, head = ports.clock.now(), recorder.execution
    for manifest in manifests:
        if ports.ledger.release(manifest.ref.release) is None:
            release = Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.CREATING, created_at=now)
            ports.ledger.put_release(recorder.lease, release)
    parts = [f"{head.purpose} {head.candidate.release}: {head.plan.strategy}, {len(head.plan.steps)} steps"]
    parts += [f"started by {head.started_by}"] if head.started_by else []
    parts += [f"supersedes {head.supersedes}"] if head.supersedes else []
    parts += (
        [f"these alarms were in ALARM before the start and are not watched: {', '.join(head.fired_before)}"]
        if head.fired_before
        else []
    )
    recorder.note("started", "; ".join(parts))


def run_under_lease(
    ports: Ports, recorder: Recorder, environment: EnvironmentOutputs, begin: Callable[[], None]
) -> Execution:
    """Carry an execution out while its lease is renewed; release the lease at the end unless it was lost."""
    try:
        with ports.renew_lease(recorder.lease):
            begin()
            execution = run_plan(ExecutionContext(ports=ports, recorder=recorder, environment=environment))
    except LeaseLost:
        raise
    except BaseException:
        ports.ledger.release_lease(recorder.lease)
        raise
    ports.ledger.release_lease(recorder.lease)
    return execution
