"""Form a release and its plan from the configuration; nothing is written."""

from dataclasses import dataclass

from driver.config import form_manifest
from driver.facts import observe_deployment, serving
from driver.model import Allocation, Manifest, Plan, ReleaseRef
from driver.model.release import Network
from driver.ports import EnvironmentOutputs
from driver.service.checks import refuse_version_reuse
from driver.world import World
from strategies.choose import plan_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment that could begin: nothing was written for it."""

    manifest: Manifest
    outputs: EnvironmentOutputs
    baseline: ReleaseRef | None
    plan: Plan
    nothing_to_do: bool
    """The release of this digest has all the traffic already."""
    fresh_baseline: Manifest | None = None
    """The copy of the baseline that the analysis compares with, where the configuration asks for one."""


def prepare(world: World) -> Prepared:
    """Form the release and the plan from the configuration; the image's digest is looked up here, once.

    Raises:
        InvalidInput: the image, a secret or a parameter does not exist.
        PreflightFailed: the environment stack was never created.
        Refused: the version is known with another digest.
    """
    manifest, outputs = form(world)
    refuse_version_reuse(world, manifest)
    return prepare_manifest(world, manifest, outputs)


def prepare_manifest(world: World, manifest: Manifest, outputs: EnvironmentOutputs) -> Prepared:
    """The plan for a manifest that is known already, by the configuration's strategy."""
    fresh = _fresh_baseline(world, manifest)
    facts = observe_deployment(world, manifest.ref, manifest.desired_count, fresh.ref if fresh else None)
    allocation = world.ledger.allocation() or Allocation()
    known = world.ledger.release(manifest.ref.release)
    done = allocation.weight_of(manifest.ref.release) == 100 and known is not None and known.succeeded_at is not None
    return Prepared(
        manifest=manifest,
        outputs=outputs,
        baseline=facts.baseline,
        plan=plan_of(world.config.strategy, facts),
        nothing_to_do=done,
        fresh_baseline=fresh,
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


def _fresh_baseline(world: World, manifest: Manifest) -> Manifest | None:
    """The serving release's manifest as a copy of its own digest, where the plan will analyse against one."""
    gates, strategy = world.config.gates, world.config.strategy
    steps = strategy.canary.steps if strategy.canary else ()
    wanted = gates.analysis is not None and gates.analysis.baseline == "fresh" and any(s.analyse for s in steps)
    baseline = serving(world)
    known = world.ledger.release(baseline.release) if baseline is not None else None
    if not wanted or known is None or known.ref == manifest.ref:
        return None
    return known.manifest.model_copy(update={"baseline_for": manifest.digest})
