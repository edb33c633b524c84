"""The data plane: one thread serves every listener, checks every target and counts every answer.

It reads moto's models 20 times a second, so a change of weights reaches the first node of a load balancer within
100 ms. The second node gets it later, by the weather (`nodes.py`). Health check intervals, drain times and slow start
run `time_scale` times faster than configured. The durations of cookies are not scaled,
because traffic is not. Listeners and targets with HTTPS use plain HTTP: there is no certificate on loopback. The data
plane does not simulate stickiness by an application's cookie, WebSockets, and targets that are not IP addresses.
"""

import asyncio
import logging
import random
import threading

from cutover.localcloud.balancer.forwarding import AddressBook, client_session
from cutover.localcloud.balancer.serving import PlaneDependencies, Serving
from cutover.localcloud.balancer.traffic import MetricSink
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import Sky

_LOG = logging.getLogger(__name__)


class DataPlane:
    """Carries the traffic of the load balancers of one account and region.

    `rng` chooses by weight; seed it to make a test repeatable. The data plane can be started again after `stop`.
    """

    def __init__(
        self,
        addresses: AddressBook,
        account: str,
        region: str,
        metrics: MetricSink,
        task_faults: TaskFaults,
        *,
        time_scale: float = 10.0,
        rng: random.Random | None = None,
        sky: Sky | None = None,
    ) -> None:
        if time_scale <= 0:
            raise ValueError(f"time_scale must be above 0, not {time_scale}")
        self.time_scale = time_scale
        self._account, self._region = account, region
        self._dependencies = PlaneDependencies(
            addresses=addresses,
            metrics=metrics,
            time_scale=time_scale,
            task_faults=task_faults,
            sky=sky or Sky(time_scale=time_scale),
            rng=rng or random.Random(),  # noqa: S311 - spreads traffic, protects nothing
        )
        self._thread: threading.Thread | None = None
        self._serving: Serving | None = None

    def start(self) -> None:
        """Serve until `stop`. Returns when the existing listeners are served.

        Raises RuntimeError if the data plane runs already or cannot start.
        """
        if self._thread is not None:
            raise RuntimeError("the data plane runs already")
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="balancer", daemon=True)
        self._thread.start()
        ready.wait()
        if self._serving is None:
            self._thread.join()
            self._thread = None
            raise RuntimeError("the data plane could not start; its log says why")

    def stop(self) -> None:
        """Stop serving and checking, and wait for the thread to end. Does nothing if it does not run."""
        if self._thread is None:
            return
        if self._serving is not None:
            self._serving.request_stop()
        self._thread.join()
        self._thread = self._serving = None

    def endpoints(self) -> dict[str, str]:
        """Return base URLs on loopback: `NAME` for a load balancer's first listener, `NAME:PORT` for each listener."""
        serving = self._serving
        return {} if serving is None else dict(serving.endpoints)

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except Exception:  # noqa: BLE001 - the log shows what ended the thread, and `start` reports it
            _LOG.exception("the load balancer's data plane ended")
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        from moto.elbv2.models import elbv2_backends  # takes half a second to import

        backend = elbv2_backends[self._account][self._region]
        async with client_session(keep_alive=True) as traffic, client_session(keep_alive=False) as checks:
            serving = Serving(self._dependencies, backend, traffic, checks)
            try:
                await serving.refresh()
                self._serving = serving
                ready.set()
                await serving.run_until_stopped()
            finally:
                await serving.close()
