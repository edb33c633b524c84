"""Everything outside that an execution touches, as one value handed in from the edge."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from driver.config import EnvironmentConfig
from driver.ports import (
    Alarms,
    Clock,
    Compute,
    Configuration,
    EnvironmentOutputs,
    Hooks,
    Identifiers,
    Images,
    Lease,
    Ledger,
    Metrics,
    Notifier,
    Probe,
    Reporter,
    Stacks,
    Traffic,
)


@dataclass(frozen=True, slots=True)
class World:
    """All ports of one environment, and its configuration."""

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
    """What this driver does where the plan waits for a person."""
    keep: Callable[[Lease], AbstractContextManager[None]]
    """Renews a lease in the background for as long as the context is open."""
