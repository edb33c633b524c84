"""Form a release and its plan from the configuration; nothing is written."""

from dataclasses import dataclass

from cutover.config import build_manifest
from cutover.domain import Allocation, Manifest, Plan, ReleaseRef
from cutover.domain.release import Network
from cutover.operations.checks import refuse_version_reuse
from cutover.planning.observe import observe_deployment, serving_release
from cutover.planning.registry import plan_of
from cutover.ports import EnvironmentOutputs, Ports


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment that could begin: nothing was written for it."""

    manifest: Manifest
    environment: EnvironmentOutputs
    baseline: ReleaseRef | None
    plan: Plan
    nothing_to_do: bool
    """The release of this digest has all the traffic already."""
    fresh_baseline: Manifest | None = None
    """The copy of the baseline that the analysis compares with, where the configuration asks for one."""


def prepare(ports: Ports) -> Prepared:
    """Form the release and the plan from the configuration; the image's digest is looked up here, once.

    Raises:
        InvalidInput: the image, a secret or a parameter does not exist.
        PreflightFailed: the environment stack was never created.
        Refused: the version is known with another digest.
    """
    manifest, environment = build_release_manifest(ports)
    refuse_version_reuse(ports, manifest)
    return prepare_manifest(ports, manifest, environment)


def prepare_manifest(ports: Ports, manifest: Manifest, environment: EnvironmentOutputs) -> Prepared:
    """The plan for a manifest that is known already, by the configuration's strategy."""
    fresh = _fresh_baseline(ports, manifest)
    facts = observe_deployment(ports, manifest.ref, manifest.desired_count, fresh.ref if fresh else None)
    allocation = ports.ledger.allocation() or Allocation()
    known = ports.ledger.release(manifest.ref.release)
    done = allocation.weight_of(manifest.ref.release) == 100 and known is not None and known.succeeded_at is not None
    return Prepared(
        manifest=manifest,
        environment=environment,
        baseline=facts.baseline,
        plan=plan_of(ports.config.strategy, facts),
        nothing_to_do=done,
        fresh_baseline=fresh,
    )


def build_release_manifest(ports: Ports) -> tuple[Manifest, EnvironmentOutputs]:
    """The manifest that the configuration asks for, with everything looked up and pinned."""
    image = ports.images.resolve(ports.config.release.image)
    secrets = {name: ports.configuration.pin(arn) for name, arn in ports.config.release.secrets.items()}
    environment = ports.stacks.environment()
    network = Network(
        vpc_id=environment.vpc_id,
        subnet_ids=tuple(sorted(environment.subnet_ids)),
        load_balancer_security_group_id=environment.load_balancer_security_group_id,
        listener_arn=environment.listener_arn,
    )
    return build_manifest(ports.config, image=image, secrets=secrets, network=network), environment


def _fresh_baseline(ports: Ports, manifest: Manifest) -> Manifest | None:
    """The serving release's manifest as a copy of its own digest, where the plan will analyse against one."""
    gates, strategy = ports.config.gates, ports.config.strategy
    steps = strategy.canary.steps if strategy.canary else ()
    wanted = gates.analysis is not None and gates.analysis.baseline == "fresh" and any(s.analyse for s in steps)
    baseline = serving_release(ports)
    known = ports.ledger.release(baseline.release) if baseline is not None else None
    if not wanted or known is None or known.ref == manifest.ref:
        return None
    return known.manifest.model_copy(update={"baseline_for": manifest.digest})
