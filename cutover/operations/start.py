"""Begin an execution and carry it while its lease is held: what every verb that acts has in common."""

from collections.abc import Callable
from typing import Literal

from cutover.domain import Allocation, Execution, Manifest, Phase, Plan, Release, ReleaseRef, ReleaseState, Status
from cutover.domain.errors import LeaseLost
from cutover.execution.context import ExecutionContext
from cutover.execution.engine import run_plan
from cutover.execution.handlers.set_traffic import shares_of
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
    """The head of an execution that nobody has recorded yet."""
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
        traffic=shares_of(ports.ledger.allocation() or Allocation()),
        started_by=ports.identifiers.person(),
        started_at=now,
        updated_at=now,
    )


def start(
    ports: Ports, execution: Execution, environment: EnvironmentOutputs, manifests: tuple[Manifest, ...] = ()
) -> Execution:
    """Record the execution under a new lease, and carry it out; `manifests` are releases that it will create."""
    lease = ports.ledger.acquire(ports.identifiers.holder(), execution.execution_id, take_over=False)
    recorder = Recorder(ports, lease, execution)
    return run_under_lease(ports, recorder, environment, lambda: announce(ports, recorder, manifests))


def announce(ports: Ports, recorder: Recorder, manifests: tuple[Manifest, ...]) -> None:
    """Record the releases, then that the execution has begun."""
    # The manifests come first: whoever resumes has nothing but the ledger to create the releases from.
    now, head = ports.clock.now(), recorder.execution
    for manifest in manifests:
        if ports.ledger.release(manifest.ref.release) is None:
            announced = Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.CREATING, created_at=now)
            ports.ledger.put_release(recorder.lease, announced)
    told = [f"{head.purpose} {head.candidate.release} by {head.plan.strategy}, {len(head.plan.steps)} steps"]
    told += [f"asked for by {head.started_by}"] if head.started_by else []
    told += [f"supersedes {head.supersedes}"] if head.supersedes else []
    told += [f"fired before the start and not watched: {', '.join(head.fired_before)}"] if head.fired_before else []
    recorder.note("started", "; ".join(told))


def run_under_lease(
    ports: Ports, recorder: Recorder, environment: EnvironmentOutputs, begin: Callable[[], None]
) -> Execution:
    """Carry an execution on while its lease is renewed; the lease is given back unless it was lost."""
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
