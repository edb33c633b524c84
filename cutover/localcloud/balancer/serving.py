"""What the data plane does between a start and its stop: serve listeners, look at moto's models, check targets."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from cutover.localcloud.balancer.describing import HealthAnswers
from cutover.localcloud.balancer.forwarding import AddressBook, Forwarder
from cutover.localcloud.balancer.health import NO_ANSWER, NO_CONNECTION, CheckResult, judge
from cutover.localcloud.balancer.targets import DueCheck, TargetRegistry
from cutover.localcloud.balancer.topology import Balancer, Listener, Topology, read_topology
from cutover.localcloud.balancer.traffic import MetricSink, TrafficMeter
from cutover.localcloud.task_faults import Disorders

_LOOK_SECONDS = 0.05
_FLUSH_SECONDS = 1.0
_LOOPBACK = "127.0.0.1"
_Key = tuple[str, int]  # load balancer ARN, listener port


@dataclass(frozen=True, slots=True)
class Parts:
    """What the data plane was made with."""

    addresses: AddressBook
    metrics: MetricSink
    time_scale: float
    chance: random.Random
    disorders: Disorders


class Serving:
    """What lives from one start to its stop, all on the loop's thread but for `ask_to_stop` and `endpoints`."""

    def __init__(
        self, parts: Parts, backend: Any, traffic: aiohttp.ClientSession, checks: aiohttp.ClientSession
    ) -> None:
        self.endpoints: dict[str, str] = {}
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._backend = backend
        self._addresses = parts.addresses
        self._metrics = parts.metrics
        self._checks = checks
        self._disorders = parts.disorders
        self._topology = Topology()
        self._targets = TargetRegistry(parts.time_scale)
        self._meter = TrafficMeter()
        self._answers = HealthAnswers(backend, self._targets, self._refresh_targets)
        self._ports: dict[_Key, _Port] = {}
        self._checking: set[asyncio.Task[None]] = set()
        self._forwarder = Forwarder(
            session=traffic,
            addresses=parts.addresses,
            targets=self._targets,
            meter=self._meter,
            topology=lambda: self._topology,
            chance=parts.chance,
        )

    def ask_to_stop(self) -> None:
        """End `until_stopped`; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._stop.set)

    async def until_stopped(self) -> None:
        """Look and measure again and again."""
        next_flush = self._loop.time() + _FLUSH_SECONDS
        while not self._stop.is_set():
            await self.look()
            if self._loop.time() >= next_flush:
                next_flush += _FLUSH_SECONDS
                self._meter.flush(self._metrics, self._topology, self._targets)
            try:
                await asyncio.wait_for(self._stop.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Take over moto's models and start the checks that are due."""
        self._answers.install()
        topology = self._refresh_targets()
        if topology != self._topology:
            self._topology = topology
            await self._serve_listeners()
        for check in self._targets.due(self._loop.time()):
            task = self._loop.create_task(self._check(check))
            self._checking.add(task)
            task.add_done_callback(self._checking.discard)

    async def close(self) -> None:
        """Give everything back: moto's answers, running checks, ports."""
        self._answers.remove()
        for task in self._checking:
            task.cancel()
        await asyncio.gather(*self._checking, return_exceptions=True)
        for port in self._ports.values():
            await port.close()

    def _refresh_targets(self) -> Topology:
        topology = _read_patiently(self._backend)
        self._targets.sync(topology, self._loop.time())
        return topology

    async def _serve_listeners(self) -> None:
        wanted = {
            (balancer.arn, listener.port): (balancer, listener)
            for balancer in self._topology.balancers
            for listener in balancer.listeners
        }
        for key in self._ports.keys() - wanted.keys():
            await self._ports.pop(key).close()
        endpoints: dict[str, str] = {}
        for key, (balancer, listener) in wanted.items():
            if key not in self._ports:
                self._ports[key] = await _Port.open(self._forwarder, balancer, listener)
            port = self._ports[key]
            port.balancer, port.listener = balancer, listener
            endpoints.setdefault(balancer.name, port.url)
            endpoints[f"{balancer.name}:{listener.port}"] = port.url
        self.endpoints = endpoints

    async def _check(self, check: DueCheck) -> None:
        result = NO_ANSWER
        try:
            result = await self._probe(check)
            if self._disorders.fails_check(check.group_arn, check.settings.health_check.unhealthy_threshold):
                result = NO_CONNECTION
        finally:
            self._targets.report(check, result, self._loop.time())

    async def _probe(self, check: DueCheck) -> CheckResult:
        place = self._addresses.resolve(check.target.ip, check.port)
        if place is None:
            return NO_ANSWER
        url = f"http://{place[0]}:{place[1]}{check.path}"
        headers = {"User-Agent": "ELB-HealthChecker/2.0", "Host": f"{check.target.ip}:{check.port}"}
        try:
            async with self._checks.get(
                url, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(check.timeout)
            ) as answer:
                return judge(answer.status, check.settings.health_check)
        except TimeoutError:
            return NO_ANSWER
        except aiohttp.ClientError:
            return NO_CONNECTION


class _Port:
    """A loopback port that serves a listener, whatever becomes of the listener's rules."""

    def __init__(self, forwarder: Forwarder, balancer: Balancer, listener: Listener) -> None:
        self.balancer, self.listener = balancer, listener
        self.url = ""
        self._forwarder = forwarder
        self._server = web.Server(self._answer, access_log=None)
        self._sockets: asyncio.Server | None = None

    @classmethod
    async def open(cls, forwarder: Forwarder, balancer: Balancer, listener: Listener) -> "_Port":
        """Listen on a port that the system chooses."""
        port = cls(forwarder, balancer, listener)
        port._sockets = await asyncio.get_running_loop().create_server(port._server, _LOOPBACK, 0, backlog=512)
        port.url = f"http://{_LOOPBACK}:{port._sockets.sockets[0].getsockname()[1]}"
        return port

    async def close(self) -> None:
        """Stop listening; requests in flight get two seconds to end."""
        if self._sockets is not None:
            self._sockets.close()
        await self._server.shutdown(timeout=2.0)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._forwarder.answer(request, self.balancer, self.listener)


def _read_patiently(backend: Any) -> Topology:
    """Read the models; a request that changes them at that moment makes Python raise, so try again."""
    for _ in range(20):
        try:
            return read_topology(backend)
        except RuntimeError:
            continue
    return read_topology(backend)
