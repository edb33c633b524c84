"""What a person or a pipeline can ask for: prepare, deploy, roll back, resume, abort.  Rendering is elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from driver.config import form_manifest
from driver.engine import carry_out
from driver.errors import LeaseLost, PreflightFailed, Refused
from driver.facts import last_good, observe_deployment, observe_rollback, serving
from driver.model import (
    Allocation,
    Execution,
    Manifest,
    Phase,
    Plan,
    Release,
    ReleaseRef,
    ReleaseState,
    Status,
)
from driver.model.release import Network
from driver.ports import EnvironmentOutputs
from driver.recorder import Recorder
from driver.steps.scene import Scene
from driver.world import World
from strategies.blue_green import blue_green
from strategies.rollback import rollback_on_request


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment that could begin: nothing was written for it."""

    manifest: Manifest
    outputs: EnvironmentOutputs
    baseline: ReleaseRef | None
    plan: Plan
    nothing_to_do: bool
    """The release of this digest has all the traffic already."""


def prepare(world: World) -> Prepared:
    """Form the release and the plan from the configuration; the image's digest is looked up here, once.

    Raises:
        InvalidInput: the image, a secret or a parameter does not exist.
        PreflightFailed: the environment stack was never created.
        Refused: the version is known with another digest.
    """
    manifest, outputs = form(world)
    _refuse_version_reuse(world, manifest)
    facts = observe_deployment(world, manifest.ref)
    allocation = world.ledger.allocation() or Allocation()
    known = world.ledger.release(manifest.ref.release)
    done = allocation.weight_of(manifest.ref.release) == 100 and known is not None and known.succeeded_at is not None
    return Prepared(
        manifest=manifest,
        outputs=outputs,
        baseline=facts.baseline,
        plan=blue_green(facts),
        nothing_to_do=done,
    )


def form(world: World) -> tuple[Manifest, EnvironmentOutputs]:
    """The manifest that the configuration asks for, with everything looked up and pinned."""
    image = world.images.resolve(world.config.release.image)
    secrets = {name: world.configuration.pin(arn) for name, arn in world.config.release.secrets.items()}
    outputs = world.stacks.environment()
    network = Network(
        vpc_id=outputs.vpc_id,
        subnet_ids=tuple(sorted(outputs.subnet_ids)),
        load_balancer_security_group_id=outputs.load_balancer_security_group_id,
        listener_arn=outputs.listener_arn,
    )
    return form_manifest(world.config, image=image, secrets=secrets, network=network), outputs


def deploy(world: World) -> Execution | None:
    """Deploy what the configuration asks for; None when that release has all the traffic already.

    Raises:
        Refused: another execution is unfinished or at work, or the live weights are not the recorded ones.
        Interrupted: told to stop; `resume` goes on.
    """
    prepared = prepare(world)
    if prepared.nothing_to_do:
        return None
    _refuse_unfinished(world)
    _refuse_drift(world, prepared.outputs)
    ref = prepared.manifest.ref
    return _start(
        world,
        purpose="deploy",
        plan=prepared.plan,
        candidate=ref,
        baseline=prepared.baseline,
        outputs=prepared.outputs,
        manifest=prepared.manifest,
    )


def rollback(world: World, to: str | None) -> Execution:
    """Move all traffic to `to` (a release's name, version or digest), or to the last release that succeeded.

    Raises:
        Refused: there is no such release, or it has the traffic already.
    """
    _refuse_unfinished(world)
    current = serving(world)
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic, so there is nothing to roll back from")
    target = _find(world, to) if to else last_good(world, current)
    if target is None:
        raise Refused("NO_TARGET", f"no release but {current.release} ever succeeded", "cutover releases")
    if target.ref == current:
        raise Refused("ALREADY_SERVES", f"{current.release} has the traffic already", "cutover status")
    if target.succeeded_at is None:
        raise Refused("NEVER_SUCCEEDED", f"{target.ref.release} never succeeded", "cutover releases")
    outputs = world.stacks.environment()
    plan = rollback_on_request(observe_rollback(world, outputs, current, target.ref))
    return _start(
        world, purpose="rollback", plan=plan, candidate=target.ref, baseline=current, outputs=outputs, manifest=None
    )


def resume(world: World, execution_id: str | None) -> Execution:
    """Go on with an execution whose driver is gone, from its journal.

    Raises:
        Refused: there is none, it is finished, its record is corrupt, or its driver is alive.
    """
    head = world.ledger.execution(execution_id) if execution_id else world.ledger.latest_execution()
    if head is None:
        raise Refused("NO_EXECUTION", "there is no such execution", "cutover history")
    if head.status in (Status.COMPLETED, Status.ROLLED_BACK):
        raise Refused("FINISHED", f"execution {head.execution_id} is {head.status}; there is nothing to resume")
    if head.plan.hash != head.plan_hash:
        raise Refused("CORRUPT", f"the plan of {head.execution_id} does not hash to what was recorded", "cutover show")
    outputs = world.stacks.environment()
    lease = world.ledger.acquire(world.identifiers.holder(), head.execution_id, take_over=False)
    recorder = Recorder(world, lease, head)
    return _hold_and_carry(world, recorder, outputs, lambda: recorder.resumed(f"resumed by {lease.holder}"))


def abort(world: World) -> Execution:
    """Ask the driver at work to abort; where no driver is alive, take the execution over and turn it back."""
    head = world.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused("NOTHING_TO_ABORT", "no execution is under way", "cutover status")
    world.ledger.request_abort(head.execution_id)
    lease = world.ledger.current_lease()
    if lease is not None and lease.execution_id == head.execution_id and lease.expires_at > world.clock.now():
        return head
    return resume(world, head.execution_id)


def _start(
    world: World,
    *,
    purpose: Literal["deploy", "rollback"],
    plan: Plan,
    candidate: ReleaseRef,
    baseline: ReleaseRef | None,
    outputs: EnvironmentOutputs,
    manifest: Manifest | None,
) -> Execution:
    now = world.clock.now()
    execution = Execution(
        execution_id=world.identifiers.execution_id(),
        application=world.config.application,
        environment=world.config.environment,
        purpose=purpose,
        status=Status.IN_PROGRESS,
        phase=Phase.PENDING,
        plan=plan,
        plan_hash=plan.hash,
        candidate=candidate,
        baseline=baseline,
        started_at=now,
        updated_at=now,
    )
    lease = world.ledger.acquire(world.identifiers.holder(), execution.execution_id, take_over=False)
    recorder = Recorder(world, lease, execution)

    def begin() -> None:
        # The manifest comes first: whoever resumes has nothing but the ledger to create the release from.
        if manifest is not None and world.ledger.release(candidate.release) is None:
            world.ledger.put_release(lease, _announced(manifest, now))
        recorder.note("started", f"{purpose} {candidate.release} by {plan.strategy}, {len(plan.steps)} steps")

    return _hold_and_carry(world, recorder, outputs, begin)


def _announced(manifest: Manifest, now: datetime) -> Release:
    return Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.CREATING, created_at=now)


def _hold_and_carry(
    world: World,
    recorder: Recorder,
    outputs: EnvironmentOutputs,
    begin: Callable[[], None],
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


def _refuse_unfinished(world: World) -> None:
    head = world.ledger.latest_execution()
    if head is None or head.finished:
        return
    lease = world.ledger.current_lease()
    if lease is not None and lease.execution_id == head.execution_id and lease.expires_at > world.clock.now():
        message = f"{lease.holder} is at work on {head.execution_id}, in phase {head.phase.value}"
        raise Refused("LEASE_HELD", message, f"cutover -e {head.environment} status --watch")
    message = f"execution {head.execution_id} is {head.status.value} in phase {head.phase.value}, and nobody is at work"
    raise Refused("EXECUTION_UNFINISHED", message, f"cutover -e {head.environment} resume")


def _refuse_version_reuse(world: World, manifest: Manifest) -> None:
    for release in world.ledger.releases():
        same_version = release.ref.version == manifest.version
        if same_version and release.ref.digest != manifest.digest and release.state is not ReleaseState.CREATING:
            raise Refused(
                "VERSION_REUSED",
                f"version {manifest.version} is {release.ref.release} with other content; give this one a new version",
                f"cutover -e {manifest.environment} show {release.ref.release}",
            )


def _refuse_drift(world: World, outputs: EnvironmentOutputs) -> None:
    recorded = (world.ledger.allocation() or Allocation()).positive()
    live = {arn: weight for arn, weight in world.traffic.weights(outputs.listener_arn).items() if weight > 0}
    if recorded != live:
        raise PreflightFailed(
            "DRIFT",
            f"the listener's weights {live} are not the recorded ones {recorded}",
            f"pulumi up --refresh -s {world.config.environment}",
        )


def _find(world: World, name: str) -> Release | None:
    """The one release of that name, version or beginning of a digest."""
    found = [
        r
        for r in world.ledger.releases()
        if name in (r.ref.release, r.ref.version) or (len(name) >= 8 and r.ref.digest.startswith(name))
    ]
    if not found:
        raise Refused("RELEASE_UNKNOWN", f"the ledger has no release {name}", "cutover releases")
    if len(found) > 1:
        names = ", ".join(r.ref.release for r in found)
        raise Refused("RELEASE_AMBIGUOUS", f"{name} may be any of {names}", "cutover releases")
    return found[0]
