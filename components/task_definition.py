"""TaskDefinition: how one task of a release runs on Fargate, with secure settings.

The task has its own network interface, a read-only root file system and a numeric user. It drops all Linux
capabilities, and takes secrets by ARN (Security Hub ECS.3, .4, .5, .8, .9, .17, .20).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import ecs

CONTAINER = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerArgs:
    """The only container of a task. It also gets the environment variable `PORT`."""

    image: str
    """Image in ECR, preferably with a digest."""
    port: int
    """Port that the container listens on."""
    command: Sequence[str] = ()
    """Overrides the image's command; empty keeps it."""
    user: str = "65532:65532"
    """Numeric user and group; should not be root (0)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that are not secret."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Environment variable → ARN in Secrets Manager or Parameter Store. Never the value itself."""
    secret_keys: Sequence[str] = ()
    """ARNs of the customer-managed KMS keys that encrypt the secrets."""
    writable_paths: Sequence[str] = ()
    """Directories that the user can write to. The rest of the file system is read-only."""
    writable_mib: int | None = 64
    """Most MiB of each writable directory, a file system in the memory of the task that belongs to the user.
    None: an empty volume on the disk of the task, which belongs to root with mode 0755, unless the image declares the
    path with VOLUME."""
    stop_timeout_seconds: int = 30
    """Seconds from SIGTERM to SIGKILL (2 to 120)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinitionArgs:
    """The container, size, logs and roles of a task."""

    container: ContainerArgs
    cpu: int
    """CPU units; 1024 is one vCPU."""
    memory: int
    """Memory in MiB."""
    architecture: str
    """`X86_64` or `ARM64`."""
    region: str
    """AWS Region of the log group."""
    log_group_name: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    """Role that ECS uses to start the task."""
    task_role_arn: pulumi.Input[str]
    """Role of the container itself."""


class TaskDefinition(pulumi.ComponentResource):
    """An ECS task definition for Fargate with one container."""

    arn: pulumi.Output[str]
    """ARN of the task definition, with its revision."""

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
            volumes=[{"name": volume} for volume in _volumes(args.container)],
            container_definitions=pulumi.Output.from_input(args.log_group_name).apply(
                lambda log_group: json.dumps([container(args.container, str(log_group), args.region)])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = definition.arn
        self.register_outputs({"arn": self.arn})


def container(args: ContainerArgs, log_group: str, region: str) -> dict[str, object]:
    """Return the container definition. Lists are sorted, so that the same arguments always give the same text.

    Fields: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    linux: dict[str, object] = {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}}
    if file_systems := _file_systems(args):
        linux["tmpfs"] = file_systems
    definition: dict[str, object] = {
        "name": CONTAINER,
        "image": args.image,
        "essential": True,
        "user": args.user,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": linux,
        "stopTimeout": args.stop_timeout_seconds,
        "portMappings": [{"containerPort": args.port, "hostPort": args.port, "protocol": "tcp"}],
        "environment": [
            {"name": k, "value": v} for k, v in sorted({"PORT": str(args.port), **args.environment}.items())
        ],
        "secrets": [{"name": k, "valueFrom": v} for k, v in sorted(args.secrets.items())],
        "mountPoints": [
            {"sourceVolume": volume, "containerPath": path, "readOnly": False}
            for volume, path in _volumes(args).items()
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


def _volumes(args: ContainerArgs) -> dict[str, str]:
    """Volume name → path of each writable directory that is on the disk of the task."""
    if args.writable_mib is not None:
        return {}
    return {f"writable-{index}": path for index, path in enumerate(args.writable_paths)}


def _file_systems(args: ContainerArgs) -> list[dict[str, object]]:
    """The writable directories that are in the memory of the task. Only their mount options can give them an owner.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tmpfs.html
    """
    if args.writable_mib is None:
        return []
    user, _, group = args.user.partition(":")
    # `exec`, as on a volume: some languages unpack native libraries into /tmp. Without a group, Docker uses group 0.
    options = ["exec", "nosuid", "nodev", f"uid={user}", f"gid={group or 0}", "mode=0770"]
    return [{"containerPath": path, "size": args.writable_mib, "mountOptions": options} for path in args.writable_paths]
