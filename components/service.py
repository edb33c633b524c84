"""Service: the tasks of one release.  Its desired count is run-time state and nobody's diff."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecs

from cutover.components.task_definition import CONTAINER


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceArgs:
    """`desired_count` is what the service begins with; later counts are set through the ECS API."""

    cluster_arn: pulumi.Input[str]
    task_definition_arn: pulumi.Input[str]
    desired_count: int
    port: int
    target_group_arn: pulumi.Input[str]
    subnet_ids: Sequence[str]
    security_group_id: pulumi.Input[str]
    grace_period_seconds: int


class Service(pulumi.ComponentResource):
    """Output: `name` of the service.  Nothing here waits for healthy tasks: the driver's gates do, and say why not."""

    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: ServiceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> None:
        super().__init__("cutover:service:Service", name, None, opts)
        service = ecs.Service(
            f"{name}-service",
            cluster=args.cluster_arn,
            task_definition=args.task_definition_arn,
            desired_count=args.desired_count,
            launch_type="FARGATE",
            platform_version="LATEST",
            scheduling_strategy="REPLICA",
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            availability_zone_rebalancing="ENABLED",
            # A release is never rolled back in place: the circuit breaker only stops hopeless starts.
            deployment_circuit_breaker={"enable": True, "rollback": False},
            deployment_maximum_percent=200,
            deployment_minimum_healthy_percent=100,
            health_check_grace_period_seconds=args.grace_period_seconds,
            network_configuration={
                "subnets": list(args.subnet_ids),
                "security_groups": [args.security_group_id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {
                    "target_group_arn": args.target_group_arn,
                    "container_name": CONTAINER,
                    "container_port": args.port,
                }
            ],
            wait_for_steady_state=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(depends_on), ignore_changes=["desiredCount"]),
        )
        self.name = service.name
        self.register_outputs({"name": self.name})
