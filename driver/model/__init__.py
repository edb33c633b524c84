"""The words of a deployment as frozen data: releases, steps, verdicts, executions, allocations.  Pure."""

from driver.model.allocation import Allocation, Weight
from driver.model.execution import (
    Execution,
    Failure,
    IllegalTransition,
    JournalEvent,
    Phase,
    Status,
    TrafficShare,
    transition,
)
from driver.model.release import Manifest, Release, ReleaseRef, ReleaseState, Stand
from driver.model.steps import (
    AwaitHealthy,
    Bake,
    CreateRelease,
    Plan,
    Retire,
    Scale,
    SetTraffic,
    Step,
)
from driver.model.verdict import Outcome, Verdict

__all__ = [
    "Allocation",
    "AwaitHealthy",
    "Bake",
    "CreateRelease",
    "Execution",
    "Failure",
    "IllegalTransition",
    "JournalEvent",
    "Manifest",
    "Outcome",
    "Phase",
    "Plan",
    "Release",
    "ReleaseRef",
    "ReleaseState",
    "Retire",
    "Scale",
    "SetTraffic",
    "Stand",
    "Status",
    "Step",
    "TrafficShare",
    "Verdict",
    "Weight",
    "transition",
]
