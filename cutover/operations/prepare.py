"""Build the manifest and the plan of the configured release; writes nothing."""

from dataclasses import dataclass

from cutover.config import build_manifest
from cutover.domain import Manifest, Plan, ReleaseRef
from cutover.domain.release import Network
from cutover.operations.checks import refuse_version_reuse
from cutover.operations.environments import refuse_another_environment
from cutover.planning.observe import observe_deployment, serving_release
from cutover.planning.registry import make_plan
from cutover.ports import EnvironmentOutputs, Ports


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment that can start; nothing is recorded yet."""

    ref: ReleaseRef
    manifest: Manifest
    environment: EnvironmentOutputs
    baseline: ReleaseRef | None
    plan: Plan
    nothing_to_do: bool
    """Whether the release with this digest already has all traffic."""
    fresh_baseline: Manifest | None = None
    """The manifest of the fresh baseline, if the plan has one."""


def prepare(ports: Ports) -> Prepared:
    """Build the manifest and the plan; the image's tag is resolved to a digest here, once.

    Raises:
        InvalidInput: the image, a secret or a parameter does not exist.
        PreflightFailed: the environment stack does not exist or is incomplete.
        Refused: the version was used with another digest.
    """
    manifest, environment = build_release_manifest(ports)
    refuse_version_reuse(ports, manifest)
    return prepare_manifest(ports, manifest.ref, manifest, environment)


def prepare_manifest(ports: Ports, ref: ReleaseRef, manifest: Manifest, environment: EnvironmentOutputs) -> Prepared:
    """Plan the deployment of a given manifest with the configured strategy.

    `ref` is the recorded name of the release, which another version of cutover may have made from the manifest.
    """
    fresh = _fresh_baseline(ports, ref)
    facts = observe_deployment(ports, ref, manifest.desired_count, fresh.ref if fresh else None)
    allocation = ports.ledger.allocation()
    is_good = ref.release in ports.ledger.good().names
    return Prepared(
        ref=ref,
        manifest=manifest,
        environment=environment,
        baseline=facts.baseline,
        plan=make_plan(ports.config.strategy, facts),
        nothing_to_do=is_good and allocation.weight_of(ref.release) == 100,
        fresh_baseline=fresh,
    )


def build_release_manifest(ports: Ports) -> tuple[Manifest, EnvironmentOutputs]:
    """The manifest of the configured release, with the image's digest and pinned secrets; and the environment."""
    refuse_another_environment(ports.ledger.environment(), ports.config)
    image = ports.images.resolve(ports.config.release.image)
    pinned = {name: ports.configuration.pin(arn) for name, arn in ports.config.release.secrets.items()}
    environment = ports.stacks.environment()
    network = Network(
        vpc_id=environment.vpc_id,
        subnet_ids=tuple(sorted(environment.subnet_ids)),
        load_balancer_security_group_id=environment.load_balancer_security_group_id,
        listener_arn=environment.listener_arn,
    )
    manifest = build_manifest(
        ports.config,
        image=image,
        secrets={name: secret.reference for name, secret in pinned.items()},
        secret_keys=[secret.key for secret in pinned.values() if secret.key is not None],
        network=network,
    )
    return manifest, environment


def _fresh_baseline(ports: Ports, ref: ReleaseRef) -> Manifest | None:
    """The manifest of the fresh baseline: the serving release's, with its own digest. None if the plan needs none."""
    gates, strategy = ports.config.gates, ports.config.strategy
    steps = strategy.canary.steps if strategy.canary else ()
    if gates.analysis is None or gates.analysis.baseline != "fresh" or not any(step.analyse for step in steps):
        return None
    serving = serving_release(ports)
    if serving is None or serving.ref == ref:
        return None
    return serving.manifest.model_copy(update={"baseline_for": ref.digest})
