"""TaskDefinition: how one task of a release runs, with the security defaults on.

Fargate, its own network interface, a read-only root file system, a numeric user that is not root, every Linux
capability dropped, secrets by ARN (Security Hub ECS.3, .4, .5, .8, .9, .17, .20).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecs

CONTAINER = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinitionArgs:
    """`cpu` in units of 1/1024 vCPU, `memory` in MiB; `secrets` maps variables to ARNs, never to values."""

    image: str
    port: int
    command: Sequence[str]
    user: str
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    writable_paths: Sequence[str]
    stop_timeout_seconds: int
    cpu: int
    memory: int
    architecture: str
    region: str
    log_group_name: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    task_role_arn: pulumi.Input[str]


class TaskDefinition(pulumi.ComponentResource):
    """Output: `arn` of the task definition with its revision."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TaskDefinitionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:task_definition:TaskDefinition", name, None, opts)
        definition = ecs.TaskDefinition(
            f"{name}-task",
            family=name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.cpu),
            memory=str(args.memory),
            runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": args.architecture},
            execution_role_arn=args.execution_role_arn,
            task_role_arn=args.task_role_arn,
            volumes=[{"name": volume} for volume in _volumes(args.writable_paths)],
            container_definitions=pulumi.Output.from_input(args.log_group_name).apply(
                lambda log_group: json.dumps([container(args, str(log_group))])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = definition.arn
        self.register_outputs({"arn": self.arn})


def container(args: TaskDefinitionArgs, log_group: str) -> dict[str, object]:
    """The one container; lists sorted, so that the same release gives the same text.

    Fields: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    volumes = _volumes(args.writable_paths)
    found: dict[str, object] = {
        "name": CONTAINER,
        "image": args.image,
        "essential": True,
        "user": args.user,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "stopTimeout": args.stop_timeout_seconds,
        "portMappings": [{"containerPort": args.port, "hostPort": args.port, "protocol": "tcp"}],
        "environment": [
            {"name": k, "value": v} for k, v in sorted({"PORT": str(args.port), **args.environment}.items())
        ],
        "secrets": [{"name": k, "valueFrom": v} for k, v in sorted(args.secrets.items())],
        "mountPoints": [
            {"sourceVolume": volume, "containerPath": path, "readOnly": False} for volume, path in volumes.items()
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": args.region,
                "awslogs-stream-prefix": CONTAINER,
            },
        },
    }
    if args.command:
        found["command"] = list(args.command)
    return found


def _volumes(paths: Sequence[str]) -> dict[str, str]:
    """Volume name → path; an empty volume is the only thing that may be written."""
    return {f"writable-{index}": path for index, path in enumerate(paths)}
