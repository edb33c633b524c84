"""Build a release's manifest from the configuration and the values that were looked up in AWS."""

from collections.abc import Mapping, Sequence

from cutover.config.schema import EnvironmentConfig
from cutover.domain.release import Container, HealthCheck, Manifest, Network


def build_manifest(
    config: EnvironmentConfig,
    *,
    image: str,
    secrets: Mapping[str, str],
    network: Network,
    secret_keys: Sequence[str] = (),
) -> Manifest:
    """Return the manifest of the release in `config`.

    Args:
        config: the environment's configuration.
        image: `repository@sha256:…`.
        secrets: environment variable → ARN; that of a secret with its version.
        network: the outputs of the environment's stack that the release uses.
        secret_keys: ARNs of the customer-managed KMS keys of the secrets.
    """
    release, health = config.release, config.release.health_check
    return Manifest(
        application=config.application,
        environment=config.environment,
        version=release.version,
        container=Container(
            image=image,
            port=release.port,
            command=release.command,
            user=release.user,
            environment=dict(release.environment),
            secrets=dict(secrets),
            secret_keys=tuple(sorted(set(secret_keys))),
            writable_paths=release.writable_paths,
            writable_mib=release.writable_mib,
            stop_timeout_seconds=round(release.stop_timeout),
        ),
        cpu=release.cpu,
        memory=release.memory,
        architecture=release.architecture,
        desired_count=release.desired_count,
        health_check=HealthCheck(
            path=health.path,
            interval_seconds=round(health.interval),
            timeout_seconds=round(health.timeout),
            healthy_threshold=health.healthy_threshold,
            unhealthy_threshold=health.unhealthy_threshold,
            matcher=health.matcher,
            grace_period_seconds=round(health.grace_period),
        ),
        deregistration_delay_seconds=round(config.strategy.drain),
        slow_start_seconds=round(release.slow_start or 0),
        log_retention_days=release.log_retention_days,
        network=network,
        tags=dict(config.tags),
        role_path=release.role_path or f"/cutover/{config.application}/",
        permissions_boundary=release.permissions_boundary,
    )
