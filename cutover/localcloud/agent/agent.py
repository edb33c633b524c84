"""The agent's thread: calls the scheduler of each ECS service in moto at an interval."""

import logging
import threading
import time
from pathlib import Path
from typing import Any

from moto.ecs.models import ecs_backends

from cutover.localcloud.addresses import AddressBook
from cutover.localcloud.agent.api import install
from cutover.localcloud.agent.interfaces import Interfaces
from cutover.localcloud.agent.lagging import LaggingReads
from cutover.localcloud.agent.launching import Launcher
from cutover.localcloud.agent.logs import LogWriter
from cutover.localcloud.agent.permissions import HasEffect, Permissions, at_once
from cutover.localcloud.agent.records import new_task, records_lock
from cutover.localcloud.agent.retention import Retention
from cutover.localcloud.agent.services import ServiceScheduler
from cutover.localcloud.agent.targets import Targets
from cutover.localcloud.agent.tasks import RunningTask, TaskDependencies
from cutover.localcloud.agent.usage import EVERY, UsageMeter
from cutover.localcloud.balancer.traffic import MetricSink
from cutover.localcloud.storm import Zones
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import Sky

STOP_WITHIN = 10.0  # seconds

_log = logging.getLogger(__name__)


class EcsAgent:
    """Runs the ECS services that moto stores for one account and region, as processes on this machine.

    `images_dir` holds the blobs of images, `workdir` the output of tasks; `interval` is in seconds. `has_effect` says
    whether a policy of a role has an effect yet. `start` also
    replaces the operations of moto's ECS that the agent simulates.
    """

    def __init__(
        self,
        addresses: AddressBook,
        account: str,
        region: str,
        images_dir: Path,
        workdir: Path,
        *,
        task_faults: TaskFaults,
        metrics: MetricSink,
        sky: Sky | None = None,
        zones: Zones | None = None,
        has_effect: HasEffect = at_once,
        interval: float = 0.1,
    ) -> None:
        # The agent puts its tasks into moto's dictionary: moto renders them by the names of their attributes.
        self._sky = sky or Sky()
        self._zones = zones or Zones(self._sky, region)
        self._lagging = LaggingReads(self._sky)
        self._ecs: Any = ecs_backends[account][region]
        self._account = account
        self._interval = interval
        self._task_faults = task_faults
        self._usage = UsageMeter(metrics)
        self._retention = Retention(self._ecs)
        self._measured_at, self._passed_at = 0.0, time.monotonic()
        self._dependencies = TaskDependencies(
            addresses=addresses,
            interfaces=Interfaces(account, region, self._zones),
            launcher=Launcher(account, region, images_dir, Permissions(account, has_effect)),
            targets=Targets(account, region),
            logs=LogWriter(account, region),
            workdir=workdir,
            sky=self._sky,
        )
        self._schedulers: dict[int, tuple[Any, ServiceScheduler]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ecs-agent", daemon=True)

    def start(self) -> None:
        """Start to run services."""
        install(self._lagging)
        self._thread.start()

    def stop(self) -> None:
        """Kill every task, and return when all have ended. The services keep their state."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WITHIN)

    def _run(self) -> None:
        # Only this thread starts processes: the kernel kills them when the thread ends.
        while not self._stopping.wait(self._interval):
            with records_lock:
                self._run_once()
        with records_lock:
            for _, scheduler in self._schedulers.values():
                scheduler.kill()

    def _run_once(self) -> None:
        # A pass over many services takes longer than the interval.
        passed, self._passed_at = time.monotonic() - self._passed_at, time.monotonic()
        self._zones.strike(passed)
        for service in list(self._ecs.services.values()):
            # A service that was created before `install` has no deployment configuration, and is not scheduled.
            adopted = id(service) in self._schedulers or service.status == "INACTIVE"
            if not adopted and hasattr(service, "deployment_configuration"):
                self._schedulers[id(service)] = (service, ServiceScheduler(service, self._start_task))
        for key, (service, scheduler) in list(self._schedulers.items()):
            try:
                self._disturb(service.name, scheduler, passed)
                scheduler.reconcile()
                self._lagging.note(service)
            except Exception:  # noqa: BLE001  a failure of one service must not stop the others
                _log.exception("cannot schedule the tasks of the service %s", service.name)
            if scheduler.finished:
                del self._schedulers[key]
        self._count_clusters()
        self._measure_and_forget()

    def _disturb(self, name: str, scheduler: ServiceScheduler, seconds: float) -> None:
        """Do to a service what was requested by `cutover local fault`, and what the weather does in these seconds."""
        if scheduler.crashable and self._task_faults.take("task-crash", name):
            scheduler.crash_one()
        if scheduler.crashable and self._task_faults.take("spot-interruption", name):
            scheduler.interrupt_one()
        lost = self._sky.happens("interruptions", self._sky.weather.interruptions * seconds)
        if lost and scheduler.is_whole:
            scheduler.interrupt_one()
        if (zone := self._zones.failing) is not None:
            scheduler.fail_zone(zone)
        if scheduler.crashable and self._task_faults.take("rebalancing", name):
            scheduler.rebalance()

    def _start_task(self, service: Any, deployment: dict[str, Any]) -> RunningTask:
        definition = self._ecs.describe_task_definition(deployment["taskDefinition"])
        record = new_task(service, deployment, definition, self._account)
        self._ecs.tasks.setdefault(service.cluster_name, {})[record.task_arn] = record
        return RunningTask(record, service, definition, self._dependencies)

    def _measure_and_forget(self) -> None:
        now = time.monotonic()
        if now - self._measured_at < EVERY:
            return
        self._measured_at = now
        schedulers = self._schedulers.values()
        self._usage.measure(((service.cluster_name, service.name, each.running) for service, each in schedulers), now)
        self._retention.forget()

    def _count_clusters(self) -> None:
        for cluster in self._ecs.clusters.values():
            services = [service for service, _ in self._schedulers.values() if service.cluster_name == cluster.name]
            cluster.active_services_count = sum(service.status == "ACTIVE" for service in services)
            cluster.running_tasks_count = sum(service.running_count for service in services)
            cluster.pending_tasks_count = sum(service.pending_count for service in services)
