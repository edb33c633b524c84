"""Compare the end of the credentials with the longest time of a plan."""

from datetime import datetime, timedelta
from math import inf, isinf
from typing import assert_never

from cutover.config import EnvironmentConfig
from cutover.domain import (
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
    ShiftBack,
    Step,
)

_ENGINE = 900.0
"""Seconds that Pulumi may take to create or to destroy a release."""


def ends_too_early(config: EnvironmentConfig, plan: Plan, now: datetime, end: datetime | None) -> str:
    """One sentence if credentials that end at `end` may not last for the plan; empty if they last or do not end."""
    if end is None:
        return ""
    longest = longest_seconds(config, plan)
    if isinf(longest):
        return f"the credentials end at {_clock(end)}, and the plan waits for a person without a limit"
    latest = now + timedelta(seconds=longest)
    if latest <= end:
        return ""
    return f"the credentials end at {_clock(end)}, and the plan can take until {_clock(latest)}"


def longest_seconds(config: EnvironmentConfig, plan: Plan) -> float:
    """The longest time of the plan in seconds without pauses by a person; infinite if an approval has no time-out."""
    return sum(_longest(config, step) for step in plan.steps)


def _longest(config: EnvironmentConfig, step: Step) -> float:  # noqa: C901, PLR0911  one line for each kind of step
    match step:
        case CreateRelease() | Retire():
            return _ENGINE
        case AwaitHealthy() | AwaitStopped() | ShiftBack():
            return step.deadline_seconds
        case SetTraffic():
            return step.margin_seconds
        case Bake():
            return step.duration_seconds
        case Analyse():
            return step.duration_seconds + step.period_seconds + step.delay_seconds
        case Approve():
            return inf if step.timeout_seconds is None else step.timeout_seconds
        case RunHook():
            hook = config.hooks[step.hook]
            return hook.timeout * (hook.retries + 1)
        case Drill():
            return 3 * step.margin_seconds
        case Drain():
            return step.seconds
        case Scale():
            return 0.0
        case _:
            assert_never(step)


def _clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M %Z")
