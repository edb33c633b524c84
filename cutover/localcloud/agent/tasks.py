"""Takes one task from PROVISIONING to STOPPED, as processes on loopback.

The states and their order: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover.localcloud.addresses import AddressBook
from cutover.localcloud.agent.interfaces import Interfaces, NoInterface, detail
from cutover.localcloud.agent.launching import Launch, Launcher, TaskFailedToStart
from cutover.localcloud.agent.logs import LogWriter
from cutover.localcloud.agent.process import ContainerProcess
from cutover.localcloud.agent.records import Container, Task, add_event
from cutover.localcloud.agent.targets import TargetHealth, Targets
from cutover.localcloud.weather import Sky

DEFAULT_STOP_TIMEOUT = 30.0  # seconds from SIGTERM to SIGKILL; ECS container definitions, `stopTimeout`


@dataclass(frozen=True, slots=True)
class TaskDependencies:
    """The objects that every task uses."""

    addresses: AddressBook
    interfaces: Interfaces
    launcher: Launcher
    targets: Targets
    logs: LogWriter
    workdir: Path
    sky: Sky


class RunningTask:
    """Moves a task's record and its processes from state to state; `advance` makes the next move if it is due."""

    def __init__(self, record: Task, service: Any, definition: Any, dependencies: TaskDependencies) -> None:
        self.record = record
        self._service = service
        self._definitions: list[dict[str, Any]] = definition.container_definitions
        self._execution_role: str | None = getattr(definition, "execution_role_arn", None)
        self.cpu_units, self.memory_mib = int(definition.cpu or 1024), int(definition.memory or 512)
        self._dependencies = dependencies
        self._processes: dict[str, ContainerProcess] = {}
        self._address = ""
        self._kill_at = self._deprovisioned_at = 0.0
        self._started = 0.0

    @property
    def stopped(self) -> bool:
        """Whether the task has ended."""
        return self.record.last_status == "STOPPED"

    @property
    def ended(self) -> bool:
        """Whether its containers have ended; the task is then DEPROVISIONING or STOPPED."""
        return self.record.last_status in {"DEPROVISIONING", "STOPPED"}

    @property
    def pids(self) -> list[int]:
        """The ids of its processes, one for each container."""
        return [process.pid for process in self._processes.values()]

    def seconds_running(self) -> float:
        """Return the seconds since the task reached RUNNING; 0 before."""
        return time.monotonic() - self._started if self._started else 0.0

    def target_health(self) -> list[TargetHealth]:
        """Return the health of the task in the service's target groups; empty if the service has none."""
        return self._dependencies.targets.health(self._service.load_balancers, self._address)

    def advance(self) -> None:
        """Do the next step of the task's state."""
        self._forward_logs()
        match self.record.last_status:
            case "PROVISIONING":
                self._provision()
            case "PENDING":
                self._start_containers()
            case "RUNNING":
                self._check_containers()
            case "DEACTIVATING":
                self._await_drained()
            case "STOPPING":
                self._await_stopped()
            case "DEPROVISIONING":
                self._await_deprovisioned()

    def crash(self) -> None:
        """Kill the processes as in a crash; the next `advance` records it."""
        for process in self._processes.values():
            process.kill()

    def kill(self) -> None:
        """Kill every process and finish the task."""
        for process in self._processes.values():
            process.kill()
        self._forward_logs()
        self._finish()

    def _provision(self) -> None:
        if self.record.desired_status == "STOPPED":
            return self._finish()
        network = (self._service.network_configuration or {}).get("awsvpcConfiguration")
        if network:
            try:
                attachment = self._dependencies.interfaces.attach(network)
            except NoInterface as error:
                self.record.request_stop("TaskFailedToStart", f"Unexpected EC2 error: {error}")
                return self._finish()
            self.record.attachments.append(attachment)
            self.record.availability_zone = self._dependencies.interfaces.zone_of(attachment)
            self._address = detail(attachment, "privateIPv4Address")
            for container in self.record.containers:
                container.network_interfaces = [{"attachmentId": attachment["id"], "privateIpv4Address": self._address}]
        self.record.last_status = "PENDING"
        return None

    def _start_containers(self) -> None:
        if self.record.desired_status == "STOPPED":
            return self._finish()
        self.record.pull_started_at = datetime.now(UTC)
        for container, definition in zip(self.record.containers, self._definitions, strict=True):
            try:
                self._start_container(container, definition)
            except TaskFailedToStart as failure:
                return self._fail_to_start(container, failure)
        self.record.pull_stopped_at = self.record.started_at = datetime.now(UTC)
        self._started = time.monotonic()
        self.record.last_status = "RUNNING"
        self.record.connectivity = "CONNECTED"
        for group in self._dependencies.targets.register(self._service.load_balancers, self._address):
            add_event(self._service, f"registered 1 targets in (target-group {group})")
        return None

    def _start_container(self, container: Container, definition: Mapping[str, Any]) -> None:
        launch = self._dependencies.launcher.prepare(definition, self._execution_role)
        container.image_digest = launch.digest
        try:
            self._processes[container.name] = self._spawn(container, launch)
        except OSError as error:
            raise TaskFailedToStart(f"CannotStartContainerError: {error}", of_container=True) from error
        for container_port, host_port in launch.ports.items():
            self._dependencies.addresses.bind(self._address, container_port, host_port)
        container.runtime_id = f"{self.record.id}-{uuid.uuid4().int % 10**10}"
        container.last_status = "RUNNING"

    def _spawn(self, container: Container, launch: Launch) -> ContainerProcess:
        output = self._dependencies.workdir / "tasks" / f"{self.record.id}-{container.name}.log"
        return ContainerProcess(launch.command, launch.environment, launch.directory, output)

    def _fail_to_start(self, container: Container, failure: TaskFailedToStart) -> None:
        if failure.of_container:
            container.reason = str(failure)
        self.record.request_stop("TaskFailedToStart", str(failure))
        self.kill()

    def _check_containers(self) -> None:
        for definition, container in zip(self._definitions, self.record.containers, strict=True):
            self._record_exit(container)
            if container.last_status == "STOPPED" and definition.get("essential", True):
                self.record.request_stop("EssentialContainerExited", "Essential container in task exited")
        if self.record.desired_status == "STOPPED":
            self._deactivate()

    def _deactivate(self) -> None:
        self.record.last_status = "DEACTIVATING"
        for group in self._dependencies.targets.deregister(self._service.load_balancers, self._address):
            add_event(self._service, f"deregistered 1 targets in (target-group {group})")
        self._await_drained()

    def _await_drained(self) -> None:
        """Wait while a target group drains the target and a process still runs."""
        alive = any(process.exit_code() is None for process in self._processes.values())
        if alive and any(health.state == "draining" for health in self.target_health()):
            return
        self.record.last_status = "STOPPING"
        for process in self._processes.values():
            process.terminate()
        timeouts = [definition.get("stopTimeout") or DEFAULT_STOP_TIMEOUT for definition in self._definitions]
        self._kill_at = time.monotonic() + max(timeouts)

    def _await_stopped(self) -> None:
        ended = all(process.exit_code() is not None for process in self._processes.values())
        if not ended and time.monotonic() < self._kill_at:
            return
        for process in self._processes.values():
            process.kill()  # also kills processes that outlive the leader of their group
        self._forward_logs()
        for container in self.record.containers:
            self._record_exit(container)
        self.record.last_status = "DEPROVISIONING"
        sky = self._dependencies.sky
        self._deprovisioned_at = time.monotonic() + sky.scaled(sky.weather.deprovisioning)
        self._await_deprovisioned()

    def _await_deprovisioned(self) -> None:
        """Wait until the network interface is gone."""
        if time.monotonic() >= self._deprovisioned_at:
            self._finish()

    def _finish(self) -> None:
        for container in self.record.containers:
            self._record_exit(container)
            container.last_status = "STOPPED"
        for process in self._processes.values():
            process.close()
        self._processes.clear()
        self._dependencies.targets.deregister(self._service.load_balancers, self._address)
        self._dependencies.addresses.unbind(self._address)
        for attachment in self.record.attachments:
            self._dependencies.interfaces.detach(attachment)
        self.record.connectivity = None
        self.record.desired_status = self.record.last_status = "STOPPED"
        self.record.stopped_at = self.record.execution_stopped_at = datetime.now(UTC)

    def _record_exit(self, container: Container) -> None:
        process = self._processes.get(container.name)
        if process is not None and container.exit_code is None and (code := process.exit_code()) is not None:
            container.exit_code = code
            container.last_status = "STOPPED"

    def _forward_logs(self) -> None:
        for definition in self._definitions:
            process = self._processes.get(definition["name"])
            if process is not None:
                self._dependencies.logs.write(definition, self.record.id, process.new_lines())
