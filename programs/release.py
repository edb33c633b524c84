"""A release's stack: created once, then only destroyed."""

import pulumi

from components.release import Release, ReleaseArgs
from driver.config.schema import Provider
from driver.model.release import Manifest
from programs.provider import aws_provider, repository_arn


def release_program(settings: Provider, manifest: Manifest, desired_count: int | None = None) -> None:
    """Begins with `desired_count` tasks, or its full capacity; exports the fields of `driver.model.release.Stand`."""
    tags = {
        **manifest.tags,
        "cutover:application": manifest.application,
        "cutover:environment": manifest.environment,
        "cutover:release": manifest.ref.release,
        "cutover:digest": manifest.digest,
    }
    provider = aws_provider(settings, tags)
    release = Release(
        manifest.resource_prefix,
        ReleaseArgs(
            manifest=manifest,
            repository_arn=repository_arn(manifest.container.image, settings.region),
            region=settings.region,
            desired_count=desired_count or manifest.desired_count,
        ),
        pulumi.ResourceOptions(provider=provider),
    )
    for name, value in release.outputs().items():
        pulumi.export(name, value)
