"""The program of a release stack. The stack is created once, never updated, and destroyed in the end."""

import pulumi

from cutover.components.release import Release, ReleaseArgs
from cutover.components.target_group import HealthCheckArgs
from cutover.components.task_definition import ContainerArgs
from cutover.config.image import registry_of
from cutover.config.schema import Provider
from cutover.domain.release import Manifest, ReleaseRef
from cutover.domain.test_traffic import HEADER
from cutover.programs.provider import aws_provider


def release_program(settings: Provider, manifest: Manifest, ref: ReleaseRef, desired_count: int | None = None) -> None:
    """Create the release of `manifest`, and export the fields of `cutover.domain.ReleaseOutputs`.

    All names come from the recorded `ref`: a later version of cutover may compute another digest of the same manifest.
    The service starts with `desired_count` tasks; None means the full capacity of the manifest.
    """
    tags = {
        **manifest.tags,
        "cutover:account": settings.account_id,
        "cutover:application": manifest.application,
        "cutover:environment": manifest.environment,
        "cutover:release": ref.release,
        "cutover:digest": ref.digest,
    }
    provider = aws_provider(settings, tags)
    release = Release(
        ref.resource_prefix(manifest.application),
        release_args(manifest, ref, settings.region, desired_count),
        pulumi.ResourceOptions(provider=provider),
    )
    for name, value in release.outputs().items():
        pulumi.export(name, value)


def release_args(manifest: Manifest, ref: ReleaseRef, region: str, desired_count: int | None) -> ReleaseArgs:
    """Map a manifest to the arguments of the `Release` component; `desired_count` as in `release_program`."""
    health, container, network = manifest.health_check, manifest.container, manifest.network
    return ReleaseArgs(
        container=ContainerArgs(
            image=container.image,
            port=container.port,
            command=container.command,
            user=container.user,
            environment=container.environment,
            secrets=container.secrets,
            secret_keys=container.secret_keys,
            writable_paths=container.writable_paths,
            writable_mib=container.writable_mib,
            stop_timeout_seconds=container.stop_timeout_seconds,
        ),
        cpu=manifest.cpu,
        memory=manifest.memory,
        architecture=manifest.architecture,
        repository_arn=registry_of(container.image).arn,
        region=region,
        vpc_id=network.vpc_id,
        subnet_ids=network.subnet_ids,
        load_balancer_security_group_id=network.load_balancer_security_group_id,
        listener_arn=network.listener_arn,
        test_traffic_header=HEADER,
        test_traffic_value=ref.digest8,
        desired_count=manifest.desired_count if desired_count is None else desired_count,
        health_check=HealthCheckArgs(
            path=health.path,
            interval_seconds=health.interval_seconds,
            timeout_seconds=health.timeout_seconds,
            healthy_threshold=health.healthy_threshold,
            unhealthy_threshold=health.unhealthy_threshold,
            matcher=health.matcher,
        ),
        health_check_grace_period_seconds=health.grace_period_seconds,
        deregistration_delay_seconds=manifest.deregistration_delay_seconds,
        slow_start_seconds=manifest.slow_start_seconds,
        log_retention_days=manifest.log_retention_days,
        kept_logs=True,
        role_path=manifest.role_path,
        permissions_boundary=manifest.permissions_boundary,
    )
