"""All ports of one environment as one value: the composition builds it, operations and handlers take it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cutover.config import EnvironmentConfig
from cutover.domain.environment import EnvironmentOutputs
from cutover.ports.alarms import Alarms
from cutover.ports.clock import Clock
from cutover.ports.compute import Compute
from cutover.ports.configuration import Configuration
from cutover.ports.held_lease import HoldLease
from cutover.ports.hooks import Hooks
from cutover.ports.identifiers import Identifiers
from cutover.ports.images import Images
from cutover.ports.ledger import Ledger
from cutover.ports.metrics import Metrics
from cutover.ports.notifier import Notifier
from cutover.ports.probe import Probe
from cutover.ports.reporter import Reporter
from cutover.ports.stacks import Stacks
from cutover.ports.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Urgent:
    """The ports that take the traffic from a failed release. Each call takes about one second at most."""

    ledger: Ledger
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports of one environment, with the environment's configuration."""

    config: EnvironmentConfig
    stacks: Stacks
    traffic: Traffic
    compute: Compute
    probe_for: Callable[[EnvironmentOutputs], Probe]
    ledger: Ledger
    images: Images
    configuration: Configuration
    clock: Clock
    identifiers: Identifiers
    reporter: Reporter
    metrics: Metrics
    alarms: Alarms
    hooks: Hooks
    notifier: Notifier
    when_paused: Literal["wait", "leave"]
    """What the driver does while the plan waits for a person: wait too, or exit with code 7."""
    hold_lease: HoldLease
    lease_seconds: float
    """Time without a renewal after which another driver may take the lease."""
    urgent: Urgent
    """The two ports of the way back, with short time-outs and no retries."""
    credentials_end: Callable[[], datetime | None] = lambda: None
    """When the credentials of this process end; None if they are renewed, do not end, or do not say when."""
