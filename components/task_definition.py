"""TaskDefinition: how one task of a release runs, with the security defaults on.

Fargate, its own network interface, a read-only root file system, a numeric user that is not root, every Linux
capability dropped, secrets by ARN (Security Hub ECS.3, .4, .5, .8, .9, .17, .20).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import ecs

CONTAINER = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerArgs:
    """The one container of a task.

    `image` is an ECR image, best by digest. `secrets` maps environment variables to ARNs in Secrets Manager or the
    Parameter Store, never to values. `writable_paths` are directories backed by an empty volume; the rest of the file
    system is read-only. The container gets the environment variable `PORT`.
    """

    image: str
    port: int
    command: Sequence[str] = ()
    user: str = "65532:65532"
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    writable_paths: Sequence[str] = ()
    stop_timeout_seconds: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinitionArgs:
    """`cpu` is in units of 1/1024 vCPU, `memory` in MiB; `architecture` is `X86_64` or `ARM64`."""

    container: ContainerArgs
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
            volumes=[{"name": volume} for volume in _volumes(args.container.writable_paths)],
            container_definitions=pulumi.Output.from_input(args.log_group_name).apply(
                lambda log_group: json.dumps([container(args.container, str(log_group), args.region)])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = definition.arn
        self.register_outputs({"arn": self.arn})


def container(args: ContainerArgs, log_group: str, region: str) -> dict[str, object]:
    """The container definition. Lists are sorted, so that the same release always gives the same text.

    Fields: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    volumes = _volumes(args.writable_paths)
    definition: dict[str, object] = {
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
                "awslogs-region": region,
                "awslogs-stream-prefix": CONTAINER,
            },
        },
    }
    if args.command:
        definition["command"] = list(args.command)
    return definition


def _volumes(paths: Sequence[str]) -> dict[str, str]:
    """Volume name → path; an empty volume is the only thing that may be written."""
    return {f"writable-{index}": path for index, path in enumerate(paths)}
