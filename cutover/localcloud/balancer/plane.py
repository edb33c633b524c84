"""The data plane: one thread that serves every listener, checks every target and counts every answer.

It looks at moto's models 20 times a second, so that a change of weights holds within 100 ms.
Health check intervals, drain times and slow start run `time_scale` times faster than configured; traffic is never
scaled, and so neither is how long a client's cookie holds. HTTPS listeners are served as plain HTTP, and HTTPS targets
are asked in plain HTTP: there is no certificate on loopback. Neither stickiness by an application's cookie, WebSockets
nor targets other than addresses are simulated.
"""

import asyncio
import logging
import random
import threading

from cutover.localcloud.balancer.forwarding import AddressBook, client_session
from cutover.localcloud.balancer.serving import Parts, Serving
from cutover.localcloud.balancer.traffic import MetricSink
from cutover.localcloud.task_faults import Disorders

_LOG = logging.getLogger(__name__)


class DataPlane:
    """Carries the traffic of one account's load balancers in one region.

    `chance` decides between weights (a seeded one makes tests repeatable). It can be started again after `stop`.
    """

    def __init__(
        self,
        addresses: AddressBook,
        account: str,
        region: str,
        metrics: MetricSink,
        disorders: Disorders,
        *,
        time_scale: float = 10.0,
        chance: random.Random | None = None,
    ) -> None:
        if time_scale <= 0:
            raise ValueError(f"time_scale must be above 0, not {time_scale}")
        self.time_scale = time_scale
        self._account, self._region = account, region
        self._parts = Parts(
            addresses=addresses,
            metrics=metrics,
            time_scale=time_scale,
            disorders=disorders,
            chance=chance or random.Random(),  # noqa: S311 - spreads traffic, guards nothing
        )
        self._thread: threading.Thread | None = None
        self._serving: Serving | None = None

    def start(self) -> None:
        """Serve until `stop`; returns when the listeners that exist already are served.

        Raises RuntimeError if it runs already or cannot start.
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
        """Stop serving and checking, and wait for the thread to end; does nothing if it does not run."""
        if self._thread is None:
            return
        if self._serving is not None:
            self._serving.ask_to_stop()
        self._thread.join()
        self._thread = self._serving = None

    def endpoints(self) -> dict[str, str]:
        """Base URLs on loopback: `NAME` is a load balancer's first listener, `NAME:PORT` each one of them."""
        serving = self._serving
        return {} if serving is None else dict(serving.endpoints)

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except Exception:  # noqa: BLE001 - whatever ended the thread must be seen; `start` reports it
            _LOG.exception("the load balancer's data plane ended")
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        from moto.elbv2.models import elbv2_backends  # costs half a second: only where it runs

        backend = elbv2_backends[self._account][self._region]
        async with client_session(keep_alive=True) as traffic, client_session(keep_alive=False) as checks:
            serving = Serving(self._parts, backend, traffic, checks)
            try:
                await serving.look()
                self._serving = serving
                ready.set()
                await serving.until_stopped()
            finally:
                await serving.close()
