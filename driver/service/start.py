"""Begin an execution and carry it while its lease is held: what every verb that acts has in common."""

from collections.abc import Callable
from typing import Literal

from driver.engine import carry_out
from driver.errors import LeaseLost
from driver.model import Allocation, Execution, Manifest, Phase, Plan, Release, ReleaseRef, ReleaseState, Status
from driver.ports import EnvironmentOutputs
from driver.recorder import Recorder
from driver.steps.scene import Scene
from driver.steps.set_traffic import shares_of
from driver.world import World

Purpose = Literal["deploy", "rollback", "drill", "gc"]


def new_execution(
    world: World,
    *,
    purpose: Purpose,
    plan: Plan,
    candidate: ReleaseRef,
    baseline: ReleaseRef | None,
    fired_before: tuple[str, ...] = (),
    supersedes: str | None = None,
) -> Execution:
    """The head of an execution that nobody has recorded yet."""
    now = world.clock.now()
    return Execution(
        execution_id=world.identifiers.execution_id(),
        application=world.config.application,
        environment=world.config.environment,
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
        traffic=shares_of(world.ledger.allocation() or Allocation()),
        started_by=world.identifiers.person(),
        started_at=now,
        updated_at=now,
    )


def start(
    world: World, execution: Execution, outputs: EnvironmentOutputs, manifests: tuple[Manifest, ...] = ()
) -> Execution:
    """Record the execution under a new lease, and carry it out; `manifests` are releases that it will create."""
    lease = world.ledger.acquire(world.identifiers.holder(), execution.execution_id, take_over=False)
    recorder = Recorder(world, lease, execution)
    return hold_and_carry(world, recorder, outputs, lambda: announce(world, recorder, manifests))


def announce(world: World, recorder: Recorder, manifests: tuple[Manifest, ...]) -> None:
    """Record the releases, then that the execution has begun."""
    # The manifests come first: whoever resumes has nothing but the ledger to create the releases from.
    now, head = world.clock.now(), recorder.execution
    for manifest in manifests:
        if world.ledger.release(manifest.ref.release) is None:
            announced = Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.CREATING, created_at=now)
            world.ledger.put_release(recorder.lease, announced)
    told = [f"{head.purpose} {head.candidate.release} by {head.plan.strategy}, {len(head.plan.steps)} steps"]
    told += [f"asked for by {head.started_by}"] if head.started_by else []
    told += [f"supersedes {head.supersedes}"] if head.supersedes else []
    told += [f"fired before the start and not watched: {', '.join(head.fired_before)}"] if head.fired_before else []
    recorder.note("started", "; ".join(told))


def hold_and_carry(
    world: World, recorder: Recorder, outputs: EnvironmentOutputs, begin: Callable[[], None]
) -> Execution:
    """Carry an execution on while its lease is renewed; the lease is given back unless it was lost."""
    try:
        with world.keep(recorder.lease):
            begin()
            execution = carry_out(Scene(world=world, recorder=recorder, outputs=outputs))
    except LeaseLost:
        raise
    except BaseException:
        world.ledger.release_lease(recorder.lease)
        raise
    world.ledger.release_lease(recorder.lease)
    return execution
