"""The program of the platform stack. There is one for each account and region."""

from dataclasses import replace

import pulumi

from cutover.components.platform import Platform, PlatformArgs
from cutover.config import EnvironmentConfig
from cutover.config.partitions import partition
from cutover.ports import Kept
from cutover.programs.provider import aws_provider


def platform_program(config: EnvironmentConfig) -> None:
    """Create the tables and the bucket, and export their names."""
    _platform(config, _arguments(config))


def platform_to_destroy(config: EnvironmentConfig, keep: frozenset[Kept]) -> None:
    """Take the protection away, so that a destroy deletes everything but what `keep` names."""
    arguments = replace(
        _arguments(config),
        deletion_protection=False,
        kept_records="records" in keep,
    )
    _platform(config, arguments)


def _arguments(config: EnvironmentConfig) -> PlatformArgs:
    records = config.records
    return PlatformArgs(
        deployments_table=records.deployments_table,
        executions_table=records.executions_table,
        artifact_bucket=records.artifact_bucket,
        deletion_protection=records.deletion_protection,
        partition=partition(config.provider.region),
    )


def _platform(config: EnvironmentConfig, arguments: PlatformArgs) -> None:
    provider = aws_provider(
        config.provider, {"cutover:account": config.provider.account_id, "cutover:stack": "platform"}
    )
    platform = Platform("platform", arguments, pulumi.ResourceOptions(provider=provider))
    pulumi.export("deployments_table", platform.deployments_table)
    pulumi.export("executions_table", platform.executions_table)
    pulumi.export("artifact_bucket", platform.artifact_bucket)
