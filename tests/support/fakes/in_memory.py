"""A whole environment in memory: a fake for each port over one shared state."""

from dataclasses import dataclass, field
from typing import Literal

from cutover.ports import Ports, Urgent
from support.fakes.alarms import FakeAlarms
from support.fakes.clock import FakeClock
from support.fakes.cloud import FakeCloud
from support.fakes.compute import FakeCompute
from support.fakes.configuration import FakeConfiguration
from support.fakes.environment import config_for
from support.fakes.held_lease import hold_lease
from support.fakes.hooks import FakeHooks
from support.fakes.identifiers import FakeIdentifiers
from support.fakes.images import FakeImages
from support.fakes.ledger import FakeLedger
from support.fakes.metrics import FakeMetrics
from support.fakes.notifier import FakeNotifier
from support.fakes.probe import FakeProbe
from support.fakes.reporter import FakeReporter
from support.fakes.stacks import FakeStacks
from support.fakes.traffic import FakeTraffic

LEASE_SECONDS = 60.0


@dataclass
class InMemoryEnvironment:
    """One cloud and one ledger for any number of drivers; `driver(version)` returns the ports of one driver."""

    clock: FakeClock = field(default_factory=FakeClock)
    cloud: FakeCloud = field(init=False)
    ledger: FakeLedger = field(init=False)
    identifiers: FakeIdentifiers = field(default_factory=FakeIdentifiers)
    reporter: FakeReporter = field(default_factory=FakeReporter)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    configuration: FakeConfiguration = field(default_factory=FakeConfiguration)
    when_paused: Literal["wait", "leave"] = "wait"

    def __post_init__(self) -> None:
        self.cloud = FakeCloud(self.clock)
        self.ledger = FakeLedger(self.clock)
        self.traffic = FakeTraffic(self.cloud)
        self.compute = FakeCompute(self.cloud)

    def driver(self, version: str, **changes: object) -> Ports:
        """The ports of a driver; `changes` replace whole sections of its configuration."""
        return Ports(
            config=config_for(version, **changes),
            stacks=FakeStacks(self.cloud),
            traffic=self.traffic,
            compute=self.compute,
            probe_for=lambda _: FakeProbe(self.cloud),
            ledger=self.ledger,
            images=FakeImages(),
            configuration=self.configuration,
            clock=self.clock,
            identifiers=self.identifiers,
            reporter=self.reporter,
            metrics=FakeMetrics(self.cloud),
            alarms=FakeAlarms(self.cloud),
            hooks=FakeHooks(self.cloud),
            notifier=self.notifier,
            when_paused=self.when_paused,
            hold_lease=hold_lease(self.ledger, self.clock, LEASE_SECONDS),
            lease_seconds=LEASE_SECONDS,
            urgent=Urgent(ledger=self.ledger, traffic=self.traffic),
        )

    def weight_of(self, version: str) -> int:
        """Percent of the traffic that a version has."""
        return sum(w for arn, w in self.cloud.weights.items() if f"-{version}-" in arn)
