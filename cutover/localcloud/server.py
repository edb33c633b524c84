"""The local cloud's server: moto, the ECS agent, the load balancers and CloudWatch in one process.

`python -m cutover.localcloud.server --port 4566 --state DIR` runs the server; `LocalCloud` runs it inside a test.
"""

import argparse
import os
import signal
import threading
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cutover.localcloud import network, process
from cutover.localcloud.addresses import AddressBook
from cutover.localcloud.admin import Admin
from cutover.localcloud.app import Authorize, Behaviours, guarded, moto_app
from cutover.localcloud.backends import ACCOUNT, REGION
from cutover.localcloud.empty_pages import with_empty_pages
from cutover.localcloud.faults import FaultBook
from cutover.localcloud.functions import Functions
from cutover.localcloud.iam_propagation import IamPropagation
from cutover.localcloud.moto_patches import moto_patches
from cutover.localcloud.secret_versions import SecretVersions
from cutover.localcloud.storm import Zones, fault_of_call
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import AWS, CALM, WEATHERS, Sky, Weather

_WATCH_PARENT = 1.0  # seconds
METRICS_TIME_SCALE = 60.0
"""A minute of CloudWatch takes a second: `provider.time_scale` of the configuration."""


class LocalCloud:
    """The whole local cloud in this process. A process can run one, because moto's models are global.

    `authorize` is asked about every API request; None allows all of them.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        port: int = 0,
        region: str = REGION,
        time_scale: float = 10.0,
        weather: Weather = CALM,
        seed: int = 0,
        authorize: Authorize | None = None,
    ) -> None:
        self.sky = Sky(weather, seed=seed, time_scale=time_scale)
        self.zones = Zones(self.sky, region)
        self.faults = FaultBook()
        self.task_faults = TaskFaults()
        self._authorize = authorize
        self._state_dir, self._port, self._region, self._time_scale = state_dir, port, region, time_scale

    def __enter__(self) -> Self:
        from werkzeug.serving import make_server

        from cutover.localcloud.agent import EcsAgent
        from cutover.localcloud.balancer import DataPlane
        from cutover.localcloud.metrics import CloudWatch, wrap

        self._patches = moto_patches()
        self._patches.__enter__()
        self._reset_moto()
        network.create(self._region)
        addresses = AddressBook()
        propagation = IamPropagation(self.sky)
        self.metrics = CloudWatch(
            ACCOUNT,
            self._region,
            lag=lambda: self.sky.weather.metrics_lag / METRICS_TIME_SCALE,
            incomplete=lambda: self.sky.happens("incomplete-metrics", self.sky.weather.incomplete_metrics),
        )
        self.metrics.start()
        self.plane = DataPlane(
            addresses,
            ACCOUNT,
            self._region,
            self.metrics.store,
            self.task_faults,
            time_scale=self._time_scale,
            sky=self.sky,
        )
        self.agent = EcsAgent(
            addresses,
            ACCOUNT,
            self._region,
            self._state_dir / "images",
            self._state_dir / "tasks",
            task_faults=self.task_faults,
            metrics=self.metrics.store,
            has_effect=propagation.has_effect,
            sky=self.sky,
            zones=self.zones,
        )
        self._functions = Functions(ACCOUNT, self._region, self._state_dir / "functions")
        self.admin = Admin(self._status, self.faults, self.task_faults, self.sky, self.zones)
        behaviours = Behaviours(
            refusals=(propagation.refuse,),
            observers=(propagation.observe, SecretVersions(self.sky).observe),
            fault=partial(fault_of_call, self.sky),
        )
        inner = with_empty_pages(self._functions.before(wrap(moto_app(), self.metrics)), self.sky)
        app = guarded(inner, self.faults, self.admin, behaviours, self._authorize)
        self._server = make_server("127.0.0.1", self._port, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="aws", daemon=True)
        self._thread.start()
        self.plane.start()
        self.agent.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._functions.stop()
        self.agent.stop()
        self.plane.stop()
        self.metrics.stop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._reset_moto()
        self._patches.__exit__(None, None, None)

    @property
    def port(self) -> int:
        """The port of AWS's APIs."""
        return int(self._server.server_port)

    @property
    def endpoint(self) -> str:
        """The URL of every AWS service."""
        return f"http://127.0.0.1:{self.port}"

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "endpoint": self.endpoint,
            "region": self._region,
            "time_scale": self._time_scale,
            "weather": {"name": self.sky.weather.name, "seed": self.sky.seed},
            "outages": [asdict(outage) for outage in self.zones.outages],
            "load_balancers": self.plane.endpoints(),
        }

    def _reset_moto(self) -> None:
        from moto.moto_api._internal.models import moto_api_backend

        moto_api_backend.reset()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m cutover.localcloud.server")
    parser.add_argument("--port", type=int, default=process.DEFAULT_PORT)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--region", default=REGION)
    parser.add_argument("--weather", choices=list(WEATHERS), default=AWS.name)
    parser.add_argument("--seed", type=int, default=0, help="of the weather's random choices")
    parser.add_argument("--tied-to-parent", type=int, default=0, help="stop when the process with this id has ended")
    options = parser.parse_args()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    options.state.mkdir(parents=True, exist_ok=True)
    weather = WEATHERS[options.weather]
    with LocalCloud(
        options.state, port=options.port, region=options.region, weather=weather, seed=options.seed
    ) as cloud:
        process.publish(options.state, cloud.port, options.region)
        while not stopping.wait(_WATCH_PARENT):
            if options.tied_to_parent and not Path(f"/proc/{options.tied_to_parent}").exists():
                break


if __name__ == "__main__":
    main()
