"""Schedules one service as ECS does: starts, replaces and stops tasks, and reports the state of its deployments.

Rolling updates and the circuit breaker:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cutover.localcloud.agent.records import add_event, new_deployment
from cutover.localcloud.agent.tasks import RunningTask

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 30.0  # seconds between starts after failures; ECS waits up to minutes
BREAKER_LEAST, BREAKER_MOST, BREAKER_SHARE = 3, 200, 0.5
INCONSISTENT_AFTER = 3  # consecutive failures before the event "unable to consistently start tasks"


class ServiceScheduler:
    """Brings one service of moto to its desired state; `start` creates a task of a deployment."""

    def __init__(self, service: Any, start: Callable[[Any, dict[str, Any]], RunningTask]) -> None:
        self._service = service
        self._start = start
        self._tasks: list[RunningTask] = []
        self._healthy: set[str] = set()
        self._ended: set[str] = set()
        self._rebalancing = 0
        self._failures = 0
        self._start_after = 0.0
        self._steady = False

    @property
    def finished(self) -> bool:
        """Whether the service is deleted and all its tasks have ended."""
        return self._service.status == "INACTIVE" and not self._tasks

    def reconcile(self) -> None:
        """Do what is due, and update the service's record."""
        for task in self._tasks:
            task.advance()
        self._remove_stopped()
        self._check_health()
        if self._service.status == "ACTIVE" and self._service.deployments:
            self._stop_surplus()
            self._start_missing()
        else:
            self._stop(self._tasks, "Service was deleted")
            if not self._tasks:
                self._service.status = "INACTIVE"
        self._count_tasks()
        self._update_rollout()

    @property
    def running(self) -> list[RunningTask]:
        """The tasks with status RUNNING."""
        return [task for task in self._tasks if task.record.last_status == "RUNNING"]

    @property
    def crashable(self) -> list[RunningTask]:
        """The running tasks whose desired status is RUNNING."""
        return [task for task in self.running if task.record.desired_status == "RUNNING"]

    def crash_one(self) -> None:
        """Kill the processes of one of the `crashable` tasks; there must be one."""
        self.crashable[0].crash()

    def interrupt_one(self) -> None:
        """Take the capacity of one of the `crashable` tasks away; there must be one."""
        self.crashable[0].record.request_stop("SpotInterruption", "Your Spot Task was interrupted.")

    @property
    def is_whole(self) -> bool:
        """Whether it has two healthy tasks or more, and no task that is missing."""
        desired = int(self._service.desired_count)
        return len(self.crashable) == len(self._healthy) == desired >= 2

    def fail_zone(self, zone: str) -> None:
        """Kill the tasks of a zone: nothing of it answers any more."""
        for task in self._tasks:
            if task.record.availability_zone == zone and not task.ended:
                reason = "The infrastructure of the task is not healthy."
                task.record.request_stop("InfrastructureHealth", reason)
                task.crash()

    def rebalance(self) -> None:
        """Start a task in another zone, and stop one when the new one is healthy.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
        """
        self._rebalancing = 1
        add_event(self._service, "is rebalancing its tasks between Availability Zones.")

    def kill(self) -> None:
        """Kill every task."""
        for task in self._tasks:
            task.kill()

    # -- ended tasks -------------------------------------------------------------------------------------------

    def _remove_stopped(self) -> None:
        for task in self._tasks:
            if task.ended and task.record.task_arn not in self._ended:
                self._ended.add(task.record.task_arn)
                self._healthy.discard(task.record.task_arn)
                if task.record.stop_code in {"EssentialContainerExited", "TaskFailedToStart"}:
                    self._record_failure(task)
        self._tasks = [task for task in self._tasks if not task.stopped]
        self._ended &= {task.record.task_arn for task in self._tasks}

    def _record_failure(self, task: RunningTask) -> None:
        deployment = self._deployment_of(task)
        if deployment is None or self._service.status != "ACTIVE":
            return
        self._failures += 1
        self._start_after = time.monotonic() + min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (self._failures - 1))
        if self._failures == INCONSISTENT_AFTER:
            add_event(self._service, "is unable to consistently start tasks successfully.")
        if deployment["rolloutState"] == "IN_PROGRESS":
            deployment["failedTasks"] += 1
            self._break_circuit(deployment)

    def _break_circuit(self, deployment: dict[str, Any]) -> None:
        breaker = self._service.deployment_configuration["deploymentCircuitBreaker"]
        share = math.ceil(BREAKER_SHARE * self._service.desired_count)
        if not breaker["enable"] or deployment["failedTasks"] < max(BREAKER_LEAST, min(BREAKER_MOST, share)):
            return
        deployment["rolloutState"] = "FAILED"
        deployment["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
        deployment["updatedAt"] = datetime.now(UTC)
        add_event(self._service, f"(deployment {deployment['id']}) deployment failed: tasks failed to start.")
        last_good = self._service.last_completed_task_definition
        if breaker["rollback"] and last_good and last_good != deployment["taskDefinition"]:
            self._roll_back(deployment, last_good)

    def _roll_back(self, failed: dict[str, Any], task_definition: str) -> None:
        failed["status"] = "ACTIVE"
        self._service.task_definition = task_definition
        replacement = new_deployment(self._service)
        replacement["rolloutStateReason"] = (
            f"ECS deployment circuit breaker: rolling back to deploymentId {replacement['id']}."
        )
        self._service.deployments.insert(0, replacement)
        self._failures = 0
        add_event(self._service, f"rolling back to deployment {replacement['id']}.")

    # -- health --------------------------------------------------------------------------------------------------

    def _check_health(self) -> None:
        grace = self._service.health_check_grace_period_seconds or 0
        for task in self._tasks:
            if task.record.last_status != "RUNNING" or task.record.desired_status == "STOPPED":
                self._healthy.discard(task.record.task_arn)
                continue
            checks = task.target_health()
            unhealthy = [check for check in checks if check.state == "unhealthy"]
            if all(check.state == "healthy" for check in checks):
                self._record_healthy(task, checked=bool(checks))
            else:
                self._healthy.discard(task.record.task_arn)
            if unhealthy and task.seconds_running() >= grace:
                first = unhealthy[0]
                self._replace_unhealthy(task, first.group_arn, first.port, first.reason)

    def _record_healthy(self, task: RunningTask, *, checked: bool) -> None:
        self._healthy.add(task.record.task_arn)
        if checked:  # a task without health checks may be about to crash
            self._failures = 0

    def _replace_unhealthy(self, task: RunningTask, group: str, port: int, reason: str) -> None:
        why = f"(reason {reason})"
        add_event(self._service, f"(port {port}) is unhealthy in (target-group {group}) due to {why}")
        task.record.request_stop(
            "ServiceSchedulerInitiated", f"Task failed ELB health checks in (target-group {group}) {why}"
        )
        add_event(self._service, f"has stopped 1 running tasks: (task {task.record.id}).")
        self._record_failure(task)

    # -- start and stop tasks ------------------------------------------------------------------------------------

    def _start_missing(self) -> None:
        primary = self._service.deployments[0]
        if primary["rolloutState"] == "FAILED" or time.monotonic() < self._start_after:
            return
        current = self._tasks_of(primary)
        most = self._percent("maximumPercent", math.floor)
        missing = min(
            self._service.desired_count + self._rebalancing - len(current), max(most - len(self._desired()), 0)
        )
        started = [self._start(self._service, primary) for _ in range(missing)]
        if started:
            self._tasks += started
            names = " ".join(f"(task {task.record.id})" for task in started)
            add_event(self._service, f"has started {len(started)} tasks: {names}.")

    def _stop_surplus(self) -> None:
        primary = self._service.deployments[0]
        self._end_rebalancing(primary)
        current = self._tasks_of(primary)
        surplus = len(current) - self._service.desired_count - self._rebalancing
        # Tasks that are not healthy are stopped first.
        unhealthy_first = sorted(current, key=lambda task: task.record.task_arn in self._healthy)
        self._stop(unhealthy_first[: max(surplus, 0)], f"Scaling activity initiated by (deployment {primary['id']})")
        old = [task for task in self._desired() if task not in current]
        least = self._percent("minimumHealthyPercent", math.ceil)
        healthy = sum(task.record.task_arn in self._healthy for task in self._desired())
        old_unhealthy = [task for task in old if task.record.task_arn not in self._healthy]
        old_healthy = [task for task in old if task.record.task_arn in self._healthy]
        reason = f"Scaling activity initiated by (deployment {primary['id']})"
        self._stop([*old_unhealthy, *old_healthy[: max(healthy - least, 0)]], reason)

    def _end_rebalancing(self, primary: dict[str, Any]) -> None:
        """Stop the oldest task once the additional one is healthy, or give up when the service is scaled to zero."""
        current = self._tasks_of(primary)
        healthy = sum(task.record.task_arn in self._healthy for task in current)
        if self._rebalancing and (healthy > self._service.desired_count or not self._service.desired_count):
            self._rebalancing = 0
            self._stop(current[:1], "Availability Zone rebalancing")

    def _stop(self, tasks: list[RunningTask], reason: str) -> None:
        tasks = [task for task in tasks if task.record.desired_status != "STOPPED"]
        for task in tasks:
            task.record.request_stop("ServiceSchedulerInitiated", reason)
        if tasks:
            names = " ".join(f"(task {task.record.id})" for task in tasks)
            add_event(self._service, f"has stopped {len(tasks)} running tasks: {names}.")

    def _percent(self, name: str, rounding: Callable[[float], int]) -> int:
        return rounding(self._service.desired_count * self._service.deployment_configuration[name] / 100)

    # -- update the record ---------------------------------------------------------------------------------------

    def _count_tasks(self) -> None:
        service = self._service
        for deployment in service.deployments:
            tasks = self._tasks_of(deployment)
            deployment["runningCount"] = sum(task.record.last_status == "RUNNING" for task in tasks)
            deployment["pendingCount"] = len(tasks) - deployment["runningCount"]
        primary_first = service.deployments[:1]
        for deployment in primary_first:
            deployment["desiredCount"] = service.desired_count
        service.deployments = primary_first + [
            deployment for deployment in service.deployments[1:] if self._tasks_of(deployment)
        ]
        statuses = [task.record.last_status for task in self._tasks]
        service.running_count = statuses.count("RUNNING")
        service.pending_count = sum(status in {"PROVISIONING", "PENDING", "ACTIVATING"} for status in statuses)

    def _update_rollout(self) -> None:
        if self._service.status != "ACTIVE" or not self._service.deployments:
            return
        primary = self._service.deployments[0]
        current = self._tasks_of(primary)
        healthy = sum(task.record.task_arn in self._healthy for task in current)
        steady = healthy == len(current) == self._service.desired_count == len(self._tasks)
        if steady and primary["rolloutState"] == "IN_PROGRESS":
            primary["rolloutState"] = "COMPLETED"
            primary["rolloutStateReason"] = f"ECS deployment {primary['id']} completed."
            primary["updatedAt"] = datetime.now(UTC)
            self._service.last_completed_task_definition = primary["taskDefinition"]
            add_event(self._service, f"(deployment {primary['id']}) deployment completed.")
        if steady and not self._steady:
            add_event(self._service, "has reached a steady state.")
        self._steady = steady

    def _desired(self) -> list[RunningTask]:
        return [task for task in self._tasks if task.record.desired_status == "RUNNING"]

    def _tasks_of(self, deployment: dict[str, Any]) -> list[RunningTask]:
        return [task for task in self._desired() if task.record.started_by == deployment["id"]]

    def _deployment_of(self, task: RunningTask) -> dict[str, Any] | None:
        deployments: list[dict[str, Any]] = self._service.deployments
        return next((each for each in deployments if each["id"] == task.record.started_by), None)
