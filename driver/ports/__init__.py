"""What the engine needs of the world, as Protocols: one port, one file; adapters supply them, tests fake them."""

from driver.ports.alarms import Alarms, AlarmState
from driver.ports.clock import Clock
from driver.ports.compute import Compute, ServiceState, StoppedTask
from driver.ports.configuration import Configuration
from driver.ports.hooks import HookResult, HookRun, Hooks, HookStatus
from driver.ports.identifiers import Identifiers
from driver.ports.images import Images
from driver.ports.ledger import Lease, Ledger
from driver.ports.metrics import CloudWatchQuery, MetricQuery, Metrics, Points, PrometheusQuery
from driver.ports.notifier import Notifier
from driver.ports.probe import Probe, ProbeResult
from driver.ports.reporter import Reporter
from driver.ports.stacks import EnvironmentOutputs, ResourceChange, StackDiff, Stacks
from driver.ports.traffic import TargetHealth, Traffic

__all__ = [
    "AlarmState",
    "Alarms",
    "Clock",
    "CloudWatchQuery",
    "Compute",
    "Configuration",
    "EnvironmentOutputs",
    "HookResult",
    "HookRun",
    "HookStatus",
    "Hooks",
    "Identifiers",
    "Images",
    "Lease",
    "Ledger",
    "MetricQuery",
    "Metrics",
    "Notifier",
    "Points",
    "Probe",
    "ProbeResult",
    "PrometheusQuery",
    "Reporter",
    "ResourceChange",
    "ServiceState",
    "StackDiff",
    "Stacks",
    "StoppedTask",
    "TargetHealth",
    "Traffic",
]
