"""Release: one version, whole: everything that runs it, and nothing that another release uses."""

from dataclasses import dataclass

import pulumi

from components.cluster import Cluster
from components.log_group import LogGroup, LogGroupArgs
from components.roles import Roles, RolesArgs
from components.service import Service, ServiceArgs
from components.service_security_group import ServiceSecurityGroup, ServiceSecurityGroupArgs
from components.target_group import TargetGroup, TargetGroupArgs
from components.task_definition import TaskDefinition, TaskDefinitionArgs
from components.test_traffic_rule import TestTrafficRule, TestTrafficRuleArgs
from driver.model.release import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseArgs:
    """`manifest` determines the release; `repository_arn` is where its image lies; it begins with
    `desired_count` tasks, whatever its full capacity."""

    manifest: Manifest
    repository_arn: str
    region: str
    desired_count: int


class Release(pulumi.ComponentResource):
    """Outputs: the fields of `driver.model.release.Stand`."""

    cluster_arn: pulumi.Output[str]
    service_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:release:Release", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        manifest = args.manifest
        logs = LogGroup(name, LogGroupArgs(retention_days=manifest.log_retention_days), child)
        group = TargetGroup(name, _target_group(manifest), child)
        rule = TestTrafficRule(
            name,
            TestTrafficRuleArgs(
                listener_arn=manifest.network.listener_arn,
                target_group_arn=group.arn,
                digest8=manifest.ref.digest8,
            ),
            child,
        )
        security_group = ServiceSecurityGroup(
            name,
            ServiceSecurityGroupArgs(
                vpc_id=manifest.network.vpc_id,
                load_balancer_security_group_id=manifest.network.load_balancer_security_group_id,
                port=manifest.container.port,
            ),
            child,
        )
        definition = TaskDefinition(name, _task_definition(name, args, logs, child), child)
        cluster = Cluster(name, child)
        service = Service(
            name,
            ServiceArgs(
                cluster_arn=cluster.arn,
                task_definition_arn=definition.arn,
                desired_count=args.desired_count,
                port=manifest.container.port,
                target_group_arn=group.arn,
                subnet_ids=manifest.network.subnet_ids,
                security_group_id=security_group.id,
                grace_period_seconds=manifest.health_check.grace_period_seconds,
            ),
            child,
            depends_on=[rule],
        )
        self.cluster_arn, self.service_name = cluster.arn, service.name
        self.task_definition_arn, self.target_group_arn = definition.arn, group.arn
        self.security_group_id, self.log_group_name = security_group.id, logs.name
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """What the release's stack exports."""
        return {
            "cluster_arn": self.cluster_arn,
            "service_name": self.service_name,
            "task_definition_arn": self.task_definition_arn,
            "target_group_arn": self.target_group_arn,
            "security_group_id": self.security_group_id,
            "log_group_name": self.log_group_name,
        }


def _target_group(manifest: Manifest) -> TargetGroupArgs:
    health = manifest.health_check
    return TargetGroupArgs(
        vpc_id=manifest.network.vpc_id,
        port=manifest.container.port,
        deregistration_delay_seconds=manifest.deregistration_delay_seconds,
        path=health.path,
        interval_seconds=health.interval_seconds,
        timeout_seconds=health.timeout_seconds,
        healthy_threshold=health.healthy_threshold,
        unhealthy_threshold=health.unhealthy_threshold,
        matcher=health.matcher,
        slow_start_seconds=manifest.slow_start_seconds,
    )


def _task_definition(name: str, args: ReleaseArgs, logs: LogGroup, child: pulumi.ResourceOptions) -> TaskDefinitionArgs:
    manifest, container = args.manifest, args.manifest.container
    roles = Roles(
        name,
        RolesArgs(
            repository_arn=args.repository_arn,
            log_group_arn=logs.arn,
            secret_arns=tuple(container.secrets.values()),
        ),
        child,
    )
    return TaskDefinitionArgs(
        image=container.image,
        port=container.port,
        command=container.command,
        user=container.user,
        environment=container.environment,
        secrets=container.secrets,
        writable_paths=container.writable_paths,
        stop_timeout_seconds=container.stop_timeout_seconds,
        cpu=manifest.cpu,
        memory=manifest.memory,
        architecture=manifest.architecture,
        region=args.region,
        log_group_name=logs.name,
        execution_role_arn=roles.execution_role_arn,
        task_role_arn=roles.task_role_arn,
    )
