"""The agent's thread: looks at moto's services at an interval and lets each one's keeper do what is due."""

import logging
import threading
import time
from pathlib import Path
from typing import Any

from moto.ecs.models import ecs_backends

from cutover.localcloud.addresses import AddressBook
from cutover.localcloud.agent.api import install
from cutover.localcloud.agent.interfaces import Interfaces
from cutover.localcloud.agent.launching import Launcher
from cutover.localcloud.agent.logs import LogWriter
from cutover.localcloud.agent.records import new_task, records_lock
from cutover.localcloud.agent.retention import Retention
from cutover.localcloud.agent.services import ServiceKeeper
from cutover.localcloud.agent.targets import Targets
from cutover.localcloud.agent.tasks import Means, RunningTask
from cutover.localcloud.agent.usage import EVERY, UsageMeter
from cutover.localcloud.balancer.traffic import MetricSink
from cutover.localcloud.task_faults import Disorders

STOP_WITHIN = 10.0  # seconds

_log = logging.getLogger(__name__)


class EcsAgent:
    """Runs the services of one account and region in moto as processes on this machine.

    `images_dir` holds the images' blobs, `workdir` gets the output of tasks, `interval` is in
    seconds. `start` also makes moto's ECS answer as AWS does where the agent supplies the truth.
    """

    def __init__(
        self,
        addresses: AddressBook,
        account: str,
        region: str,
        images_dir: Path,
        workdir: Path,
        *,
        disorders: Disorders,
        metrics: MetricSink,
        interval: float = 0.1,
    ) -> None:
        # Tasks of ours stand where moto's would: its API renders either by attribute names.
        self._ecs: Any = ecs_backends[account][region]
        self._account = account
        self._interval = interval
        self._disorders = disorders
        self._usage = UsageMeter(metrics)
        self._retention = Retention(self._ecs)
        self._measured_at = 0.0
        self._means = Means(
            addresses=addresses,
            interfaces=Interfaces(account, region),
            launcher=Launcher(account, region, images_dir),
            targets=Targets(account, region),
            logs=LogWriter(account, region),
            workdir=workdir,
        )
        self._keepers: dict[int, tuple[Any, ServiceKeeper]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ecs-agent", daemon=True)

    def start(self) -> None:
        """Begin to run services."""
        install()
        self._thread.start()

    def stop(self) -> None:
        """End every task at once and return when none is left; the services stay as they are."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WITHIN)

    def _run(self) -> None:
        # Processes are started here and nowhere else: the kernel ends them with this thread.
        while not self._stopping.wait(self._interval):
            with records_lock:
                self._round()
        with records_lock:
            for _, keeper in self._keepers.values():
                keeper.kill()

    def _round(self) -> None:
        for service in list(self._ecs.services.values()):
            # Services that the API did not take in (made before `install`) carry no configuration to go by.
            adopted = id(service) in self._keepers or service.status == "INACTIVE"
            if not adopted and hasattr(service, "deployment_configuration"):
                self._keepers[id(service)] = (service, ServiceKeeper(service, self._start_task))
        for key, (service, keeper) in list(self._keepers.items()):
            try:
                if keeper.runs and self._disorders.take_crash(service.name):
                    keeper.crash_one()
                keeper.reconcile()
            except Exception:  # noqa: BLE001  one service that cannot be kept must not stop the others
                _log.exception("cannot keep the service %s", service.name)
            if keeper.finished:
                del self._keepers[key]
        self._count_clusters()
        self._measure_and_forget()

    def _start_task(self, service: Any, deployment: dict[str, Any]) -> RunningTask:
        definition = self._ecs.describe_task_definition(deployment["taskDefinition"])
        record = new_task(service, deployment, definition, self._account)
        self._ecs.tasks.setdefault(service.cluster_name, {})[record.task_arn] = record
        return RunningTask(record, service, definition, self._means)

    def _measure_and_forget(self) -> None:
        now = time.monotonic()
        if now - self._measured_at < EVERY:
            return
        self._measured_at = now
        self._usage.measure(
            ((service.cluster_name, service.name, keeper.running) for service, keeper in self._keepers.values()), now
        )
        self._retention.forget()

    def _count_clusters(self) -> None:
        for cluster in self._ecs.clusters.values():
            services = [service for service, _ in self._keepers.values() if service.cluster_name == cluster.name]
            cluster.active_services_count = sum(service.status == "ACTIVE" for service in services)
            cluster.running_tasks_count = sum(service.running_count for service in services)
            cluster.pending_tasks_count = sum(service.pending_count for service in services)
