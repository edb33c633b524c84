"""The cloud on which a contract test runs, as a Protocol, and its implementation by the fakes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Protocol

from cutover.domain import Allocation, ReleaseOutputs, ReleaseRef, Weight
from cutover.ports import Compute, Metrics, Probe, Traffic
from support.fakes import OUTPUTS, InMemoryEnvironment, config_for, manifest_for, release_for
from support.fakes.cloud import Sample

NAMESPACE = "Shop"
POLLS, POLL_SECONDS = 400, 0.25


@dataclass(frozen=True, slots=True)
class ContractRelease:
    """A release that exists on the cloud under test."""

    ref: ReleaseRef
    outputs: ReleaseOutputs


class ContractCloud(Protocol):
    """A cloud with a load balancer, on which a test creates releases; `wait_until` lets time pass."""

    traffic: Traffic
    compute: Compute
    metrics: Metrics
    probe: Probe
    unreachable_probe: Probe
    listener_arn: str
    load_balancer_arn: str

    def create_release(self, behaviour: str = "good", desired_count: int = 1) -> ContractRelease:
        """A release of a new version: good, unhealthy, crash or errors."""
        ...

    def named_target_groups(self) -> set[str]:
        """ARNs of the target groups in the listener's default action, whatever their weight."""
        ...

    def write_weights_by_hand(self, weights: Mapping[str, int]) -> None:
        """Set the weights of target groups as a person does in the console: with weight 0 they are named too."""
        ...

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Let time pass until the condition is true; fail if it never is."""
        ...

    def send_requests(self, release: ContractRelease) -> None:
        """Give the release all traffic, and let users send requests."""
        ...

    def record(self, name: str, dimensions: Mapping[str, str], at: datetime, *values: float) -> None:
        """Record values of a metric of the namespace `Shop`, as a program does by PutMetricData."""
        ...

    def now(self) -> datetime:
        """The time of the cloud under test."""
        ...


def all_to(*shares: tuple[ContractRelease, int]) -> Allocation:
    """The allocation with these weights."""
    return Allocation(
        weights=tuple(
            Weight(
                release=release.ref.release,
                version=release.ref.version,
                target_group_arn=release.outputs.target_group_arn,
                weight=weight,
            )
            for release, weight in shares
        )
    )


class FakeContractCloud:
    """The fakes of one environment in memory."""

    listener_arn = OUTPUTS.listener_arn
    load_balancer_arn = OUTPUTS.load_balancer_arn

    def __init__(self) -> None:
        self._environment = InMemoryEnvironment()
        driver = self._environment.driver("v0")
        self._stacks = driver.stacks
        self.traffic, self.compute, self.metrics = driver.traffic, driver.compute, driver.metrics
        self.probe = driver.probe_for(OUTPUTS)
        nowhere = InMemoryEnvironment()
        nowhere.cloud.environment_exists = False
        self.unreachable_probe = nowhere.driver("v0").probe_for(OUTPUTS)
        self._numbers = count(1)

    def create_release(self, behaviour: str = "good", desired_count: int = 1) -> ContractRelease:
        version = f"v{next(self._numbers)}"
        self._environment.cloud.behaviour[version] = behaviour
        manifest = manifest_for(config_for(version))
        return ContractRelease(manifest.ref, self._stacks.create_release(release_for(manifest), desired_count))

    def named_target_groups(self) -> set[str]:
        return set(self._environment.cloud.weights)

    def write_weights_by_hand(self, weights: Mapping[str, int]) -> None:
        self._environment.cloud.weights = dict(weights)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        for _ in range(POLLS):
            if condition():
                return
            self._environment.clock.sleep(POLL_SECONDS)
        raise AssertionError("the condition never held")

    def send_requests(self, release: ContractRelease) -> None:
        for version in self._environment.cloud.behaviour:
            self._environment.cloud.values |= {
                (version, "RequestCount"): 5.0,
                (version, "HTTPCode_Target_5XX_Count"): 0.0,
            }
        self.traffic.set_weights(self.listener_arn, all_to((release, 100)))

    def record(self, name: str, dimensions: Mapping[str, str], at: datetime, *values: float) -> None:
        self._environment.cloud.samples.append(Sample(name, frozenset(dimensions.items()), at, values))

    def now(self) -> datetime:
        return self._environment.clock.now()
