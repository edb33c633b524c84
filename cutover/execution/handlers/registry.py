"""Find the handler of a step. Each kind of step has one handler, in a file named after the kind."""

from math import inf
from typing import assert_never

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
from cutover.execution.handlers.analyse import AnalyseHandler
from cutover.execution.handlers.approve import ApproveHandler
from cutover.execution.handlers.await_healthy import AwaitHealthyHandler
from cutover.execution.handlers.await_stopped import AwaitStoppedHandler
from cutover.execution.handlers.bake import BakeHandler
from cutover.execution.handlers.create_release import CreateReleaseHandler
from cutover.execution.handlers.drain import DrainHandler
from cutover.execution.handlers.drill import DrillHandler
from cutover.execution.handlers.handler import Handler
from cutover.execution.handlers.retire import RetireHandler
from cutover.execution.handlers.run_hook import RunHookHandler
from cutover.execution.handlers.scale import ScaleHandler
from cutover.execution.handlers.set_traffic import SetTrafficHandler
from cutover.execution.handlers.shift_back import ShiftBackHandler


def handler_of(step: Step) -> Handler:  # noqa: C901, PLR0911, PLR0912  one line for each kind of step
    """The handler that carries out `step`."""
    match step:
        case CreateRelease():
            return CreateReleaseHandler(step)
        case AwaitHealthy():
            return AwaitHealthyHandler(step)
        case AwaitStopped():
            return AwaitStoppedHandler(step)
        case SetTraffic():
            return SetTrafficHandler(step)
        case Bake():
            return BakeHandler(step)
        case Analyse():
            return AnalyseHandler(step)
        case Approve():
            return ApproveHandler(step)
        case RunHook():
            return RunHookHandler(step)
        case Drill():
            return DrillHandler(step)
        case ShiftBack():
            return ShiftBackHandler(step)
        case Drain():
            return DrainHandler(step)
        case Scale():
            return ScaleHandler(step)
        case Retire():
            return RetireHandler(step)
        case _:
            assert_never(step)


def least_seconds(plan: Plan) -> float:
    """The least time of the plan in seconds: its own waits, without the time that AWS and Pulumi take."""
    total, since_move = 0.0, inf
    for step in plan.steps:
        least = handler_of(step).least_time(since_move)
        total, since_move = total + least.seconds, least.since_move
    return total
