"""What the engine needs from outside, as Protocols: one port, one file. Adapters implement them; tests use fakes."""

from cutover.domain.environment import EnvironmentOutputs
from cutover.ports.alarms import Alarms, AlarmState
from cutover.ports.bundle import Ports, Urgent
from cutover.ports.clock import Clock
from cutover.ports.compute import Compute, ServiceState, StoppedTask
from cutover.ports.configuration import Configuration, PinnedSecret
from cutover.ports.held_lease import HeldLease, HoldLease
from cutover.ports.hooks import HookResult, HookRun, Hooks, HookStatus
from cutover.ports.identifiers import Identifiers
from cutover.ports.images import Images
from cutover.ports.ledger import Changes, Lease, LeaseRecord, Ledger
from cutover.ports.logs import LogEvent, LogGroup, Logs
from cutover.ports.metrics import Metrics, Points
from cutover.ports.notifier import Notifier
from cutover.ports.probe import Probe, ProbeResult
from cutover.ports.reporter import Reporter
from cutover.ports.stacks import Kept, ResourceChange, StackDiff, Stacks
from cutover.ports.traffic import TargetHealth, Traffic

__all__ = [
    "AlarmState",
    "Alarms",
    "Changes",
    "Clock",
    "Compute",
    "Configuration",
    "EnvironmentOutputs",
    "HeldLease",
    "HoldLease",
    "HookResult",
    "HookRun",
    "HookStatus",
    "Hooks",
    "Identifiers",
    "Images",
    "Kept",
    "Lease",
    "LeaseRecord",
    "Ledger",
    "LogEvent",
    "LogGroup",
    "Logs",
    "Metrics",
    "Notifier",
    "PinnedSecret",
    "Points",
    "Ports",
    "Probe",
    "ProbeResult",
    "Reporter",
    "ResourceChange",
    "ServiceState",
    "StackDiff",
    "Stacks",
    "StoppedTask",
    "TargetHealth",
    "Traffic",
    "Urgent",
]
