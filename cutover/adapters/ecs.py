"""The Compute port: Amazon ECS."""

from typing import TYPE_CHECKING

from cutover.adapters.secrets import without_environment_secrets
from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain import ReleaseOutputs
from cutover.ports import ServiceState, StoppedTask

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import DeploymentTypeDef, ServiceTypeDef, TaskTypeDef

_PAGE = 100  # tasks: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_MOST_PAGES = 10
_ENDED = frozenset({"DEPROVISIONING", "STOPPED"})
"""The states of a task whose containers have ended. The first one lasts until its network interface is gone."""
_STREAM = "app/app"
"""Prefix of a log stream and name of the container, as `cutover/components/task_definition.py` sets them."""
_LINES, _CHARACTERS = 10, 200


class EcsCompute:
    """Implements `cutover.ports.Compute`.

    The log of a crashed task is read by `urgent`, a second at most: the way back waits for it.
    """

    def __init__(self, session: Session, urgent: Session | None = None) -> None:
        self._session, self._urgent = session, urgent or session

    def service(self, outputs: ReleaseOutputs) -> ServiceState | None:
        """The service with its stopped tasks; None when it does not exist."""
        from botocore.exceptions import ClientError

        with aws_errors("DescribeServices"):
            try:
                response = self._session.ecs.describe_services(
                    cluster=outputs.cluster_arn, services=[outputs.service_name]
                )
            except ClientError as error:
                if error_code(error) == "ClusterNotFoundException":
                    return None
                raise
        services = [s for s in response["services"] if s.get("status") != "INACTIVE"]
        if not services:
            return None
        return _state(services[0], outputs, self._ending(outputs))

    def last_lines(self, outputs: ReleaseOutputs, task: StoppedTask) -> tuple[str, ...]:
        """See `cutover.ports.Compute`: one GetLogEvents call on the stream that the log driver `awslogs` writes
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html, `awslogs-stream-prefix`).
        """
        logs = self._urgent.logs
        with aws_errors("GetLogEvents"):
            try:
                events = logs.get_log_events(
                    logGroupName=outputs.log_group_name,
                    logStreamName=f"{_STREAM}/{task.task_arn.rpartition('/')[2]}",
                    limit=_LINES,
                    startFromHead=False,
                )["events"]
            except logs.exceptions.ResourceNotFoundException:
                # The task ended before its container started, or the log is not delivered yet.
                return ()
        lines = (without_environment_secrets(event.get("message", "").rstrip()) for event in events[-_LINES:])
        return tuple(line[:_CHARACTERS] for line in lines if line)

    def scale(self, outputs: ReleaseOutputs, desired_count: int) -> None:
        """Set the desired count, the only property of a release that changes."""
        with aws_errors("UpdateService"):
            self._session.ecs.update_service(
                cluster=outputs.cluster_arn, service=outputs.service_name, desiredCount=desired_count
            )

    def _ending(self, outputs: ReleaseOutputs) -> "list[TaskTypeDef]":
        """At most 1000 tasks that have stopped or are to stop; ECS keeps a stopped one for about an hour."""
        ecs, tasks = self._session.ecs, []
        cluster = outputs.cluster_arn
        with aws_errors("ListTasks"):
            pages = ecs.get_paginator("list_tasks").paginate(
                cluster=cluster,
                serviceName=outputs.service_name,
                desiredStatus="STOPPED",
                PaginationConfig={"PageSize": _PAGE, "MaxItems": _PAGE * _MOST_PAGES},
            )
            for page in pages:
                if arns := page["taskArns"]:
                    tasks += ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
        return tasks


def _state(service: "ServiceTypeDef", outputs: ReleaseOutputs, ending: "list[TaskTypeDef]") -> ServiceState:
    deployments = [d for d in service.get("deployments", []) if d.get("taskDefinition") == outputs.task_definition_arn]
    none: DeploymentTypeDef = {}
    primary = next((d for d in deployments if d.get("status") == "PRIMARY"), none)
    return ServiceState(
        status=service.get("status", ""),
        desired=service.get("desiredCount", 0),
        running=service.get("runningCount", 0),
        pending=service.get("pendingCount", 0),
        running_on_task_definition=sum(d.get("runningCount", 0) for d in deployments),
        rollout_state=primary.get("rolloutState", ""),
        rollout_reason=primary.get("rolloutStateReason", ""),
        failed_tasks=primary.get("failedTasks", 0),
        leaving=sum(task.get("lastStatus") != "STOPPED" for task in ending),
        stopped=tuple(_stopped_task(task) for task in ending if task.get("lastStatus") in _ENDED),
    )


def _stopped_task(task: "TaskTypeDef") -> StoppedTask:
    containers = task.get("containers", [])
    codes = [c["exitCode"] for c in containers if "exitCode" in c]
    reasons = [c["reason"] for c in containers if c.get("reason")]
    return StoppedTask(
        task_arn=task.get("taskArn", ""),
        stopped_reason="; ".join([task.get("stoppedReason", ""), *reasons]),
        exit_code=codes[0] if codes else None,
        stopped_at=task.get("stoppedAt") or task.get("stoppingAt"),
        stop_code=task.get("stopCode", ""),
    )
