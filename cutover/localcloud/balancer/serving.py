"""Runs the data plane from start to stop: reads moto's models, serves listeners, and checks targets."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from cutover.localcloud.balancer.forwarding import AddressBook, Forwarder
from cutover.localcloud.balancer.health import NO_ANSWER, NO_CONNECTION, CheckResult, check_status
from cutover.localcloud.balancer.nodes import Nodes
from cutover.localcloud.balancer.target_health import TargetHealthOverride
from cutover.localcloud.balancer.targets import DueCheck, TargetRegistry
from cutover.localcloud.balancer.topology import Balancer, Listener, Topology, read_topology
from cutover.localcloud.balancer.traffic import MetricSink, TrafficMeter
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import Sky

_REFRESH_SECONDS = 0.05
_FLUSH_SECONDS = 1.0
_LOOPBACK = "127.0.0.1"
_Key = tuple[str, int]  # load balancer ARN, listener port


@dataclass(frozen=True, slots=True)
class PlaneDependencies:
    """The objects and settings of the data plane."""

    addresses: AddressBook
    metrics: MetricSink
    time_scale: float
    rng: random.Random
    task_faults: TaskFaults
    sky: Sky


class Serving:
    """One run of the data plane. Other threads may use only `request_stop` and `endpoints`."""

    def __init__(
        self,
        dependencies: PlaneDependencies,
        backend: Any,
        traffic: aiohttp.ClientSession,
        checks: aiohttp.ClientSession,
    ) -> None:
        self.endpoints: dict[str, str] = {}
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._backend = backend
        self._addresses = dependencies.addresses
        self._metrics = dependencies.metrics
        self._checks = checks
        self._task_faults = dependencies.task_faults
        self._topology = Topology()
        self._sky = dependencies.sky
        self._targets = TargetRegistry(dependencies.time_scale, self._late_for_targets)
        self._meter = TrafficMeter()
        self._override = TargetHealthOverride(backend, self._targets, self._refresh_targets)
        self._ports: dict[_Key, _ListenerPort] = {}
        self._checking: set[asyncio.Task[None]] = set()
        self._forwarder = Forwarder(
            session=traffic,
            addresses=dependencies.addresses,
            targets=self._targets,
            meter=self._meter,
            topology=lambda: self._topology,
            rng=dependencies.rng,
        )

    def request_stop(self) -> None:
        """End `run_until_stopped`; any thread may call it."""
        self._loop.call_soon_threadsafe(self._stop.set)

    async def run_until_stopped(self) -> None:
        """Refresh and record metrics until `request_stop`."""
        next_flush = self._loop.time() + _FLUSH_SECONDS
        while not self._stop.is_set():
            await self.refresh()
            if self._loop.time() >= next_flush:
                next_flush += _FLUSH_SECONDS
                self._meter.flush(self._metrics, self._topology, self._targets)
            try:
                await asyncio.wait_for(self._stop.wait(), _REFRESH_SECONDS)
            except TimeoutError:
                continue

    async def refresh(self) -> None:
        """Read moto's models, and start the health checks that are due."""
        self._override.install()
        topology = self._refresh_targets()
        if topology != self._topology:
            self._topology = topology
            await self._serve_listeners()
        for check in self._targets.due(self._loop.time()):
            task = self._loop.create_task(self._check(check))
            self._checking.add(task)
            task.add_done_callback(self._checking.discard)

    async def close(self) -> None:
        """Restore moto's method, cancel running checks and close all ports."""
        self._override.remove()
        for task in self._checking:
            task.cancel()
        await asyncio.gather(*self._checking, return_exceptions=True)
        for port in self._ports.values():
            await port.close()

    def _refresh_targets(self) -> Topology:
        topology = _read_with_retries(self._backend)
        self._targets.sync(topology, self._loop.time())
        return topology

    async def _serve_listeners(self) -> None:
        listeners = {
            (balancer.arn, listener.port): (balancer, listener)
            for balancer in self._topology.balancers
            for listener in balancer.listeners
        }
        for key in self._ports.keys() - listeners.keys():
            await self._ports.pop(key).close()
        endpoints: dict[str, str] = {}
        for key, (balancer, listener) in listeners.items():
            if key not in self._ports:
                self._ports[key] = await _ListenerPort.open(self._forwarder, balancer, listener)
            port = self._ports[key]
            port.balancer = balancer
            port.nodes.change(listener, self._loop.time(), self._lag_of_second_node())
            endpoints.setdefault(balancer.name, port.url)
            endpoints[f"{balancer.name}:{listener.port}"] = port.url
        self.endpoints = endpoints

    def _lag_of_second_node(self) -> float:
        """Seconds until the second node gets a change: from half of the weather's lag to all of it."""
        return self._sky.scaled(self._sky.weather.node_lag) * (0.5 + self._sky.number("node-lag") / 2)

    def _late_for_targets(self) -> float:
        return self._sky.scaled(self._sky.weather.target_lag)

    async def _check(self, check: DueCheck) -> None:
        result = NO_ANSWER
        try:
            result = await self._probe(check)
            if self._task_faults.fails_check(check.group_arn, check.settings.health_check.unhealthy_threshold):
                result = NO_CONNECTION
        finally:
            self._targets.report(check, result, self._loop.time())

    async def _probe(self, check: DueCheck) -> CheckResult:
        address = self._addresses.resolve(check.target.ip, check.port)
        if address is None:
            return NO_ANSWER
        url = f"http://{address[0]}:{address[1]}{check.path}"
        headers = {"User-Agent": "ELB-HealthChecker/2.0", "Host": f"{check.target.ip}:{check.port}"}
        try:
            async with self._checks.get(
                url, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(check.timeout)
            ) as answer:
                return check_status(answer.status, check.settings.health_check)
        except TimeoutError:
            return NO_ANSWER
        except aiohttp.ClientError:
            return NO_CONNECTION


class _ListenerPort:
    """A loopback port that serves a listener; it stays open when the listener's rules change."""

    def __init__(self, forwarder: Forwarder, balancer: Balancer, listener: Listener) -> None:
        self.balancer, self.nodes = balancer, Nodes(listener)
        self.url = ""
        self._forwarder = forwarder
        self._server = web.Server(self._answer, access_log=None)
        self._sockets: asyncio.Server | None = None

    @classmethod
    async def open(cls, forwarder: Forwarder, balancer: Balancer, listener: Listener) -> "_ListenerPort":
        """Listen on a port that the kernel chooses."""
        port = cls(forwarder, balancer, listener)
        port._sockets = await asyncio.get_running_loop().create_server(port._server, _LOOPBACK, 0, backlog=512)
        port.url = f"http://{_LOOPBACK}:{port._sockets.sockets[0].getsockname()[1]}"
        return port

    async def close(self) -> None:
        """Stop listening; requests in flight have two seconds to end."""
        if self._sockets is not None:
            self._sockets.close()
        await self._server.shutdown(timeout=2.0)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        listener = self.nodes.listener_of(peer[1] if peer else 0, asyncio.get_running_loop().time())
        return await self._forwarder.answer(request, self.balancer, listener)


def _read_with_retries(backend: Any) -> Topology:
    """Read the models; retry if a request changed them during the read, which raises RuntimeError."""
    for _ in range(20):
        try:
            return read_topology(backend)
        except RuntimeError:
            continue
    return read_topology(backend)
