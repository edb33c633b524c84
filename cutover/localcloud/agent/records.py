"""The records of ECS that moto renders: tasks, containers, deployments and events.

moto renders an object by the names of botocore's model in snake case, so the attributes here are those of the shapes
`Task` and `Container`. A record is what an API caller sees; `tasks.py` holds what runs.
"""

import secrets
import string
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# The API's threads write the desired state and the agent's thread the actual one; both hold this lock to write.
records_lock = threading.RLock()

EVENTS_KEPT = 100  # as in DescribeServices


@dataclass(slots=True)
class Container:
    """One container of a task, as DescribeTasks shows it."""

    container_arn: str
    task_arn: str
    name: str
    image: str
    cpu: str
    memory: str | None
    last_status: str = "PENDING"
    health_status: str = "UNKNOWN"
    image_digest: str | None = None
    runtime_id: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    network_bindings: list[dict[str, Any]] = field(default_factory=list)
    network_interfaces: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Task:
    """One task, as DescribeTasks shows it."""

    task_arn: str
    cluster_arn: str
    cluster_name: str
    task_definition_arn: str
    group: str
    started_by: str
    launch_type: str | None
    capacity_provider_name: str | None
    platform_version: str | None
    cpu: str | None
    memory: str | None
    enable_execute_command: bool
    containers: list[Container]
    tags: list[dict[str, str]]
    attachments: list[dict[str, Any]] = field(default_factory=list)
    overrides: dict[str, Any] = field(default_factory=dict)
    platform_family: str = "Linux"
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    health_status: str = "UNKNOWN"
    connectivity: str | None = None
    container_instance_arn: str | None = None
    availability_zone: str | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None
    version: int = 1

    @property
    def id(self) -> str:
        """The last part of the ARN, as log streams and events name the task."""
        return self.task_arn.rsplit("/", 1)[-1]

    def request_stop(self, code: str, reason: str) -> None:
        """Set the desired status to STOPPED; the first reason is kept."""
        if self.desired_status != "STOPPED":
            self.desired_status = "STOPPED"
            self.stop_code = code
            self.stopped_reason = reason
            self.stopping_at = datetime.now(UTC)

    def advance(self) -> None:
        """Do nothing: moto calls this in DescribeTasks to move its own tasks from state to state."""


def new_task(service: Any, deployment: dict[str, Any], definition: Any, account: str) -> Task:
    """Return a new task of `service`, which has no process yet."""
    arn = f"arn:aws:ecs:{service.region_name}:{account}:task/{service.cluster_name}/{uuid.uuid4().hex}"
    strategy = deployment.get("capacityProviderStrategy") or []
    return Task(
        task_arn=arn,
        cluster_arn=service.cluster_arn,
        cluster_name=service.cluster_name,
        task_definition_arn=definition.arn,
        group=f"service:{service.name}",
        started_by=deployment["id"],
        launch_type=deployment.get("launchType"),
        capacity_provider_name=strategy[0]["capacityProvider"] if strategy else None,
        platform_version="1.4.0" if service.platform_version == "LATEST" else service.platform_version,
        cpu=definition.cpu,
        memory=definition.memory,
        enable_execute_command=service.enable_execute_command,
        containers=[_container(container, arn) for container in definition.container_definitions],
        tags=list(service.tags) if service.propagate_tags == "SERVICE" else [],
    )


def new_deployment(service: Any) -> dict[str, Any]:
    """Return a new deployment with the present configuration of `service`."""
    now = datetime.now(UTC)
    deployment = f"ecs-svc/{''.join(secrets.choice(string.digits) for _ in range(19))}"
    return {
        "id": deployment,
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "desiredCount": service.desired_count,
        "pendingCount": 0,
        "runningCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "launchType": service.launch_type,
        "capacityProviderStrategy": service.capacity_provider_strategy,
        "platformVersion": service.platform_version,
        "platformFamily": "Linux",
        "networkConfiguration": service.network_configuration,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {deployment} in progress.",
    }


def add_event(service: Any, message: str) -> None:
    """Add the event "(service NAME) `message`" as the first of the service's events."""
    text = f"(service {service.name}) {message}"
    event = {"id": str(uuid.uuid4()), "createdAt": datetime.now(UTC), "message": text}
    service.events = [event, *service.events][:EVENTS_KEPT]


def _container(definition: dict[str, Any], task_arn: str) -> Container:
    memory = definition.get("memory")
    return Container(
        container_arn=f"{task_arn.replace(':task/', ':container/')}/{uuid.uuid4()}",
        task_arn=task_arn,
        name=definition["name"],
        image=definition["image"],
        cpu=str(definition.get("cpu", 0)),
        memory=None if memory is None else str(memory),
    )
