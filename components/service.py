"""Service: the ECS service of one release, on Fargate."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecs

from cutover.components.task_definition import CONTAINER

_DELETE_SECONDS = 1200
"""The plugin's default time-out of a deletion, which does not know how long the tasks drain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceArgs:
    """The tasks of the service, and the network and target group that they use."""

    cluster_arn: pulumi.Input[str]
    task_definition_arn: pulumi.Input[str]
    desired_count: int
    """Number of tasks at creation. Change it later through the ECS API: Pulumi ignores its changes."""
    port: int
    """Port of the container that the target group uses."""
    target_group_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    grace_period_seconds: int
    """Seconds after the start of a task in which ECS ignores failed health checks."""
    drain_seconds: int = 0
    """Seconds that a stopping task may take: its deregistration and its stop. A deletion waits this long and more."""


class Service(pulumi.ComponentResource):
    """An ECS service without public IP addresses. Its creation does not wait until the tasks are healthy.

    Pass the listener rule of the target group in `depends_on`: ECS refuses a target group that no load balancer uses.
    """

    name: pulumi.Output[str]
    """Name of the service."""

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
            # The circuit breaker stops a rollout that cannot succeed. This service has no other version to go back to.
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
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(depends_on),
                ignore_changes=["desiredCount"],
                custom_timeouts=pulumi.CustomTimeouts(delete=f"{_DELETE_SECONDS + args.drain_seconds}s"),
            ),
        )
        self.name = service.name
        self.register_outputs({"name": self.name})
