"""The data model of a deployment: releases, steps, plans, verdicts, executions and allocations, all frozen and pure.

A module is loaded when one of its names is first used: `cutover --help` needs the errors alone, without pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_MODULES = {
    "Allocation": "allocation",
    "Analyse": "steps",
    "Approve": "steps",
    "AwaitHealthy": "steps",
    "AwaitStopped": "steps",
    "Bake": "steps",
    "CreateRelease": "steps",
    "Drill": "steps",
    "Execution": "execution",
    "Failure": "execution",
    "IllegalTransition": "execution",
    "JournalEvent": "execution",
    "Manifest": "release",
    "Measurement": "measurement",
    "Outcome": "verdict",
    "Phase": "execution",
    "Plan": "steps",
    "Release": "release",
    "ReleaseOutputs": "release",
    "ReleaseRef": "release",
    "ReleaseState": "release",
    "Request": "request",
    "RequestKind": "request",
    "Retire": "steps",
    "RunHook": "steps",
    "Scale": "steps",
    "SetTraffic": "steps",
    "Share": "steps",
    "Status": "execution",
    "Step": "steps",
    "TrafficShare": "allocation",
    "Verdict": "verdict",
    "Weight": "allocation",
    "transition": "execution",
}

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


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
