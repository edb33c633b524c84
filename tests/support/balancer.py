"""A load balancer of the local cloud with real sockets, and small HTTP servers as its targets."""

import asyncio
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from aiohttp import web
from moto.elbv2.models import elbv2_backends

from cutover.localcloud.balancer import DataPlane
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import Sky

ACCOUNT, REGION = "123456789012", "eu-west-1"


class Addresses:
    """Maps private addresses to ports on loopback."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], tuple[str, int]] = {}

    def resolve(self, ip: str, port: int) -> tuple[str, int] | None:
        return self.known.get((ip, port))


@dataclass
class Sink:
    """Sums the recorded values."""

    sums: Counter[tuple[str, frozenset[str]]] = field(default_factory=Counter)

    def record(
        self, namespace: str, name: str, dimensions: Mapping[str, str], values: Sequence[float],
        *, unit: str = "None", at: float | None = None,
    ) -> None:  # fmt: skip
        self.sums[name, frozenset(dimensions)] += sum(values)


class Shop:
    """A target that answers its version, on a thread of its own; a test can change `status` and `delay`."""

    def __init__(self, version: str) -> None:
        self.version, self.status, self.health, self.delay = version, 200, 200, 0.0
        self.requests: list[Mapping[str, str]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    async def _open(self) -> int:
        self._web = web.Server(self._answer, access_log=None)
        self._server = await self._loop.create_server(self._web, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/health":
            return web.Response(status=self.health)
        await asyncio.sleep(self.delay)
        self.requests.append(dict(request.headers))
        body = await request.content.read()  # `request.read` accepts at most a mebibyte
        return web.Response(
            status=self.status, text=json.dumps({"version": self.version, "path": request.raw_path, "got": len(body)})
        )

    def close(self) -> None:
        async def down() -> None:
            self._server.close()
            await self._web.shutdown(0.1)

        asyncio.run_coroutine_threadsafe(down(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BalancedShop:
    """A load balancer in moto with its data plane."""

    def __init__(self, stack: ExitStack, time_scale: float = 50.0) -> None:
        self._stack = stack
        self.elb = elbv2_backends[ACCOUNT][REGION]
        self.elb.reset()
        self.elb.ec2_backend.reset()
        self.vpc = next(iter(self.elb.ec2_backend.vpcs))
        subnets = [subnet.id for subnet in self.elb.ec2_backend.get_default_subnets().values()]
        self.lb = self.elb.create_load_balancer("shop", [], subnets)
        self.addresses, self.sink, self.task_faults = Addresses(), Sink(), TaskFaults()
        self.sky_scale = 5.0
        self.sky = Sky(time_scale=self.sky_scale)
        self.plane = DataPlane(
            self.addresses, ACCOUNT, REGION, self.sink, self.task_faults,
            time_scale=time_scale, rng=random.Random(7), sky=self.sky,
        )  # fmt: skip
        self.plane.start()
        stack.callback(self.plane.stop)
        self._next = 10

    def group(self, name: str, *shops: Shop, **options: object) -> str:
        group = self.elb.create_target_group(
            name, protocol="HTTP", port="8080", vpc_id=self.vpc, target_type="ip",
            healthcheck_path="/health", healthcheck_interval_seconds=5, healthcheck_timeout_seconds=2,
            healthy_threshold_count="2", unhealthy_threshold_count="2", **options,
        )  # fmt: skip
        for shop in shops:
            self.register(group.arn, shop)
        return str(group.arn)

    def register(self, arn: str, shop: Shop | None) -> str:
        self._next += 1
        ip = f"10.0.0.{self._next}"
        if shop is not None:
            self.addresses.known[ip, 8080] = ("127.0.0.1", shop.port)
        self.elb.register_targets(arn, [{"Id": ip, "Port": 8080}])
        return ip

    def shop(self, version: str) -> Shop:
        shop = Shop(version)
        self._stack.callback(shop.close)
        return shop

    def listen(self, *actions: dict[str, object], port: str = "80") -> str:
        return str(self.elb.create_listener(self.lb.arn, "HTTP", port, "", None, list(actions)).arn)

    def states(self, arn: str) -> list[tuple[str, str | None]]:
        return [(row.status, row.reason) for row in self.elb.describe_target_health(arn, [])]

    def until(self, holds: Callable[[], bool], seconds: float = 8.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "the condition did not become true in time"
            time.sleep(0.02)

    def until_healthy(self, *arns: str) -> None:
        self.until(lambda: all({state for state, _ in self.states(arn)} == {"healthy"} for arn in arns))

    def url(self, name: str = "shop") -> str:
        self.until(lambda: name in self.plane.endpoints())
        return self.plane.endpoints()[name]

    def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(
            self.url() + path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def version(self, **headers: str) -> str:
        return str(json.loads(self.get(**headers)[1])["version"])


def to(*weights: tuple[str, int]) -> dict[str, object]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]
    return {"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": groups}}
