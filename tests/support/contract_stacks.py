"""The stacks for their contract test: in memory, and on the local cloud with the Pulumi engine."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from cutover.adapters.alb import AlbTraffic
from cutover.adapters.ecs import EcsCompute
from cutover.adapters.session import Session
from cutover.adapters.stacks import PulumiStacks
from cutover.config import EnvironmentConfig, build_manifest, load_environment
from cutover.config.state import StateConfig
from cutover.domain import Allocation, EngineRuns, Release, ReleaseOutputs
from cutover.domain.errors import Interrupted
from cutover.domain.release import Network
from cutover.localcloud import process
from cutover.localcloud.images import build
from cutover.localcloud.server import LocalCloud
from cutover.ports import Compute, Stacks, Traffic
from support.fakes import FakeClock, FakeCloud, config_for, manifest_for, release_for
from support.fakes.compute import FakeCompute
from support.fakes.stacks import FakeStacks
from support.fakes.traffic import FakeTraffic

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.01


class ContractStacks(Protocol):
    """An account without an environment stack; `stacks` is the port of one driver."""

    stacks: Stacks
    traffic: Traffic
    compute: Compute

    def release(self, version: str) -> Release:
        """The record of a release of the environment, once that exists."""
        ...

    def interrupt_creation(self, release: Release) -> None:
        """Stop a driver while it creates the release, when some of its resources exist."""
        ...

    def leave_pending_operation(self, release: Release) -> None:
        """Leave an operation of unknown result in the complete stack, as a killed destroy or refresh does."""
        ...

    def name_without_weight(self, outputs: ReleaseOutputs) -> None:
        """Name the release's target group in the listener's action with weight 0, as a person does in the console."""
        ...


class FakeContractStacks:
    """The fakes of one environment in memory."""

    def __init__(self) -> None:
        self._cloud = FakeCloud(FakeClock(), environment_exists=False)
        self.stacks, self.traffic = FakeStacks(self._cloud), FakeTraffic(self._cloud)
        self.compute = FakeCompute(self._cloud)

    def release(self, version: str) -> Release:
        return release_for(manifest_for(config_for(version)))

    def interrupt_creation(self, release: Release) -> None:
        def interrupt(call: str) -> None:
            if call == f"finish creating {release.ref.version}":
                raise Interrupted("INTERRUPTED", "SIGTERM")

        self._cloud.before_call = interrupt
        try:
            self.stacks.create_release(release, 1)
        finally:
            self._cloud.before_call = lambda _: None

    def leave_pending_operation(self, release: Release) -> None:
        self._cloud.pending.add(release.ref.release)

    def name_without_weight(self, outputs: ReleaseOutputs) -> None:
        self._cloud.weights = {outputs.target_group_arn: 0}


@dataclass
class StackRecordsInMemory:
    """The ledger's entries of stacks, without an environment."""

    runs: dict[str, EngineRuns] = field(default_factory=dict)

    def environment(self) -> None:
        return

    def engine_runs(self, stack: str) -> EngineRuns:
        return self.runs.get(stack, EngineRuns())

    def put_engine_runs(self, stack: str, runs: EngineRuns) -> None:
        self.runs[stack] = runs


@dataclass
class LocalContractStacks:
    """The environment of Pulumi.local.yaml on a local cloud in this process, with a backend of its own."""

    cloud: LocalCloud
    state_dir: Path

    def __post_init__(self) -> None:
        self.records = StackRecordsInMemory()
        loaded = load_environment(ROOT, "local")
        endpoints = {"endpoint": self.cloud.endpoint, "http_proxy": self.cloud.endpoint}
        provider = loaded.provider.model_copy(update=endpoints)
        state = StateConfig(backend=self.variables()["PULUMI_BACKEND_URL"])
        self._config: EnvironmentConfig = loaded.model_copy(
            update={
                "provider": provider,
                "state": state,
                # The environment's stack would create the repository, but some tests have no environment.
                "records": loaded.records.model_copy(update={"repositories": ()}),
            }
        )
        self.session = Session(provider)
        self.session.ecr_in("eu-west-1").create_repository(repositoryName="shop")
        self.stacks = self._driver(threading.Event())
        self.traffic, self.compute = AlbTraffic(self.session), EcsCompute(self.session)

    def variables(self) -> Mapping[str, str]:
        """The environment variables with which the Pulumi engine uses this local cloud."""
        running = process.Status(os.getpid(), 0, self.cloud.port, self.cloud.endpoint, "eu-west-1")
        return process.environment(self.state_dir, running, os.environ["PATH"])

    def release(self, version: str) -> Release:
        outputs = self.stacks.environment()
        network = Network(
            vpc_id=outputs.vpc_id,
            subnet_ids=outputs.subnet_ids,
            load_balancer_security_group_id=outputs.load_balancer_security_group_id,
            listener_arn=outputs.listener_arn,
        )
        images = self.state_dir / "images"
        image = build(
            ROOT / "examples" / "shop",
            "shop",
            version,
            ecr=self.session.ecr_in("eu-west-1"),
            images_dir=images,
            build_args={"VERSION": version},
        )
        release = self._config.release.model_copy(update={"version": version, "desired_count": 2})
        config = self._config.model_copy(update={"release": release})
        return release_for(build_manifest(config, image=image.uri, secrets={}, network=network))

    def interrupt_creation(self, release: Release) -> None:
        interruption = threading.Event()

        def has_resources() -> bool:
            groups = self.session.elbv2.describe_target_groups()["TargetGroups"]
            return any(group["TargetGroupName"].startswith(release.ref.resource_prefix("shop")) for group in groups)

        threading.Thread(target=_set_when, args=(interruption, has_resources), daemon=True).start()
        self._driver(interruption).create_release(release, 1)

    def leave_pending_operation(self, release: Release) -> None:
        self.leave_pending(release.ref.release, "deleting", "aws:ecs/service:Service")

    def forget(self, stack: str, *resource_types: str) -> None:
        """Remove resources from the state; they stay in AWS, as if the engine had been killed before it wrote."""
        state_file = self.state_file(stack)
        state = json.loads(state_file.read_text())
        latest = state["checkpoint"]["latest"]
        latest["resources"] = [each for each in latest["resources"] if each["type"] not in resource_types]
        state_file.write_text(json.dumps(state))

    def leave_pending(self, stack: str, operation: str, resource_type: str) -> None:
        """Write a pending operation into the stack's state: `creating` another resource of that type, or any other."""
        state_file = self.state_file(stack)
        state = json.loads(state_file.read_text())
        latest = state["checkpoint"]["latest"]
        (resource,) = [each for each in latest["resources"] if each["type"] == resource_type]
        if operation == "creating":
            resource = {**resource, "urn": f"{resource['urn']}-late"}
            del resource["id"]
        latest["pending_operations"] = [{"resource": resource, "type": operation}]
        state_file.write_text(json.dumps(state))

    def name_without_weight(self, outputs: ReleaseOutputs) -> None:
        groups: Any = [{"TargetGroupArn": outputs.target_group_arn, "Weight": 0}]
        action: Any = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        listener = self.stacks.environment().listener_arn
        self.session.elbv2.modify_listener(ListenerArn=listener, DefaultActions=[action])

    def state_file(self, stack: str) -> Path:
        """The file in which Pulumi's backend keeps the state of a stack."""
        (folder,) = (self.state_dir / "pulumi").rglob("stacks/shop")
        return folder / f"{stack}.json"

    def _driver(self, interruption: threading.Event) -> PulumiStacks:
        return PulumiStacks(self._config, self.session, interruption, threading.Event(), self.records)


@contextmanager
def local_environment(cloud: LocalCloud, state_dir: Path) -> Iterator[LocalContractStacks]:
    """The account on the local cloud with an environment, and the engine's variables in this process."""
    local = LocalContractStacks(cloud, state_dir)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local.variables().items():
            patch.setenv(name, value)
        local.stacks.create_environment(Allocation())
        yield local


def _set_when(event: threading.Event, condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(POLL_SECONDS)
    event.set()
