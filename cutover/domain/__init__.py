"""The data model of a deployment: releases, steps, plans, verdicts, executions and allocations, all frozen and pure."""

from cutover.domain.allocation import Allocation, TrafficShare, Weight
from cutover.domain.execution import (
    Execution,
    Failure,
    IllegalTransition,
    JournalEvent,
    Phase,
    Status,
    transition,
)
from cutover.domain.measurement import Measurement
from cutover.domain.release import Manifest, Release, ReleaseOutputs, ReleaseRef, ReleaseState
from cutover.domain.request import Request, RequestKind
from cutover.domain.steps import (
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
from cutover.domain.verdict import Outcome, Verdict

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
    "ReleaseOutputs",
    "ReleaseRef",
    "ReleaseState",
    "Request",
    "RequestKind",
    "Retire",
    "RunHook",
    "Scale",
    "SetTraffic",
    "Share",
    "Status",
    "Step",
    "TrafficShare",
    "Verdict",
    "Weight",
    "transition",
]
