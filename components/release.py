"""Release: all resources of one version. Releases share none of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from cutover.components.cluster import Cluster
from cutover.components.log_group import LogGroup, LogGroupArgs
from cutover.components.roles import Roles, RolesArgs
from cutover.components.service import Service, ServiceArgs
from cutover.components.service_security_group import ServiceSecurityGroup, ServiceSecurityGroupArgs
from cutover.components.target_group import HealthCheckArgs, TargetGroup, TargetGroupArgs
from cutover.components.task_definition import ContainerArgs, TaskDefinition, TaskDefinitionArgs
from cutover.components.test_traffic_rule import TestTrafficRule, TestTrafficRuleArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseArgs:
    """One version of a service, behind an existing listener of an Application Load Balancer."""

    container: ContainerArgs
    cpu: int
    """CPU units of a task; 1024 is one vCPU."""
    memory: int
    """Memory of a task in MiB. Fargate allows certain pairs with `cpu`
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html)."""
    repository_arn: pulumi.Input[str]
    """ARN of the ECR repository of the container's image."""
    region: str
    """AWS Region of the log group, such as `eu-west-1`."""
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    """Subnets of the tasks. They need a route to ECR, CloudWatch Logs and the container's own dependencies."""
    load_balancer_security_group_id: pulumi.Input[str]
    """Security group that may connect to the tasks."""
    listener_arn: pulumi.Input[str]
    """Listener that gets the test traffic rule."""
    test_traffic_header: str
    """Name of the header of test traffic."""
    test_traffic_value: str
    """Value of the header. A request with this header reaches the release, whatever the release's weight."""
    desired_count: int
    """Number of tasks at creation. Change it later through the ECS API: Pulumi ignores its changes."""
    architecture: str = "X86_64"
    """`X86_64` or `ARM64`."""
    health_check: HealthCheckArgs = field(default_factory=HealthCheckArgs)
    health_check_grace_period_seconds: int = 60
    """Seconds after the start of a task in which ECS ignores failed health checks."""
    deregistration_delay_seconds: int = 60
    """Seconds that the load balancer waits for open requests of a deregistered target."""
    slow_start_seconds: int = 0
    """Seconds over which a new target's share of the requests grows (30 to 900); 0 turns slow start off."""
    log_retention_days: int = 30
    """Days that CloudWatch Logs keeps the logs."""
    kept_logs: bool = False
    """Whether a destroy of the stack leaves the log group in AWS."""
    role_path: str = "/"
    """Path of the roles, with a slash at both ends."""
    permissions_boundary: str | None = None
    """ARN of the policy that limits what the roles can do; None for none."""


class Release(pulumi.ComponentResource):
    """One version on ECS: cluster, service, task definition, roles, log group, security group, target group and test
    traffic rule."""

    cluster_arn: pulumi.Output[str]
    service_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:release:Release", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = LogGroup(name, LogGroupArgs(retention_days=args.log_retention_days, kept=args.kept_logs), child)
        group = TargetGroup(name, _target_group(args), child)
        rule = TestTrafficRule(
            name,
            TestTrafficRuleArgs(
                listener_arn=args.listener_arn,
                target_group_arn=group.arn,
                header=args.test_traffic_header,
                value=args.test_traffic_value,
            ),
            child,
        )
        security_group = ServiceSecurityGroup(
            name,
            ServiceSecurityGroupArgs(
                vpc_id=args.vpc_id,
                load_balancer_security_group_id=args.load_balancer_security_group_id,
                port=args.container.port,
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
                port=args.container.port,
                target_group_arn=group.arn,
                subnet_ids=args.subnet_ids,
                security_group_id=security_group.id,
                grace_period_seconds=args.health_check_grace_period_seconds,
                drain_seconds=args.deregistration_delay_seconds + args.container.stop_timeout_seconds,
            ),
            child,
            depends_on=[rule],
        )
        self.cluster_arn, self.service_name = cluster.arn, service.name
        self.task_definition_arn, self.target_group_arn = definition.arn, group.arn
        self.security_group_id, self.log_group_name = security_group.id, logs.name
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """Return every output by its name, for `pulumi.export`."""
        return {
            "cluster_arn": self.cluster_arn,
            "service_name": self.service_name,
            "task_definition_arn": self.task_definition_arn,
            "target_group_arn": self.target_group_arn,
            "security_group_id": self.security_group_id,
            "log_group_name": self.log_group_name,
        }


def _target_group(args: ReleaseArgs) -> TargetGroupArgs:
    return TargetGroupArgs(
        vpc_id=args.vpc_id,
        port=args.container.port,
        health_check=args.health_check,
        deregistration_delay_seconds=args.deregistration_delay_seconds,
        slow_start_seconds=args.slow_start_seconds,
    )


def _task_definition(name: str, args: ReleaseArgs, logs: LogGroup, child: pulumi.ResourceOptions) -> TaskDefinitionArgs:
    roles = Roles(
        name,
        RolesArgs(
            repository_arn=args.repository_arn,
            log_group_arn=logs.arn,
            secret_arns=tuple(args.container.secrets.values()),
            secret_keys=args.container.secret_keys,
            path=args.role_path,
            permissions_boundary=args.permissions_boundary,
        ),
        child,
    )
    return TaskDefinitionArgs(
        container=args.container,
        cpu=args.cpu,
        memory=args.memory,
        architecture=args.architecture,
        region=args.region,
        log_group_name=logs.name,
        execution_role_arn=roles.execution_role_arn,
        task_role_arn=roles.task_role_arn,
    )
