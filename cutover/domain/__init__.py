"""The data model of a deployment: releases, steps, plans, verdicts, executions and allocations, all frozen and pure.

A module is loaded when one of its names is first used: `cutover --help` needs the errors alone, without pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutover.domain.allocation import Allocation, TrafficShare, Weight, WeightsChange
    from cutover.domain.control import Control, Request, RequestKind
    from cutover.domain.engine_run import EngineRun, EngineRuns
    from cutover.domain.environment import EnvironmentOutputs, EnvironmentRecord, StackIdentity
    from cutover.domain.execution import (
        Execution,
        Failure,
        IllegalTransition,
        JournalEvent,
        Phase,
        Status,
        broken_link,
        transition,
    )
    from cutover.domain.good import GoodReleases
    from cutover.domain.measurement import Measurement
    from cutover.domain.release import Manifest, Release, ReleaseOutputs, ReleaseRef, ReleaseState
    from cutover.domain.steps import (
        Analyse,
        Approve,
        AwaitHealthy,
        AwaitStopped,
        Bake,
        CreateRelease,
        Drain,
        Drill,
        Plan,
        Retire,
        RunHook,
        Scale,
        SetTraffic,
        Share,
        ShiftBack,
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
    "Control": "control",
    "CreateRelease": "steps",
    "Drain": "steps",
    "Drill": "steps",
    "EngineRun": "engine_run",
    "EngineRuns": "engine_run",
    "EnvironmentOutputs": "environment",
    "EnvironmentRecord": "environment",
    "Execution": "execution",
    "Failure": "execution",
    "GoodReleases": "good",
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
    "Request": "control",
    "RequestKind": "control",
    "Retire": "steps",
    "RunHook": "steps",
    "Scale": "steps",
    "SetTraffic": "steps",
    "Share": "steps",
    "ShiftBack": "steps",
    "StackIdentity": "environment",
    "Status": "execution",
    "Step": "steps",
    "TrafficShare": "allocation",
    "Verdict": "verdict",
    "Weight": "allocation",
    "WeightsChange": "allocation",
    "broken_link": "execution",
    "transition": "execution",
}

__all__ = [
    "Allocation",
    "Analyse",
    "Approve",
    "AwaitHealthy",
    "AwaitStopped",
    "Bake",
    "Control",
    "CreateRelease",
    "Drain",
    "Drill",
    "EngineRun",
    "EngineRuns",
    "EnvironmentOutputs",
    "EnvironmentRecord",
    "Execution",
    "Failure",
    "GoodReleases",
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
    "ShiftBack",
    "StackIdentity",
    "Status",
    "Step",
    "TrafficShare",
    "Verdict",
    "Weight",
    "WeightsChange",
    "broken_link",
    "transition",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
