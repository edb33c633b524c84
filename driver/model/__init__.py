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
from driver.model.measurement import Measurement
from driver.model.release import Manifest, Release, ReleaseRef, ReleaseState, Stand
from driver.model.request import Request, Wish
from driver.model.steps import (
    Analyse,
    Approve,
    AwaitHealthy,
    AwaitStopped,
    Bake,
    CreateRelease,
    Drill,
    Plan,
    Retire,
    RunHook,
    Scale,
    SetTraffic,
    Share,
    Step,
)
from driver.model.verdict import Outcome, Verdict

__all__ = [
    "Allocation",
    "Analyse",
    "Approve",
    "AwaitHealthy",
    "AwaitStopped",
    "Bake",
    "CreateRelease",
    "Drill",
    "Execution",
    "Failure",
    "IllegalTransition",
    "JournalEvent",
    "Manifest",
    "Measurement",
    "Outcome",
    "Phase",
    "Plan",
    "Release",
    "ReleaseRef",
    "ReleaseState",
    "Request",
    "Retire",
    "RunHook",
    "Scale",
    "SetTraffic",
    "Share",
    "Stand",
    "Status",
    "Step",
    "TrafficShare",
    "Verdict",
    "Weight",
    "Wish",
    "transition",
]
