"""From a step to what does it: the one place that knows which file carries out which kind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, assert_never

from cutover.domain import (
    Analyse,
    Approve,
    AwaitHealthy,
    AwaitStopped,
    Bake,
    CreateRelease,
    Drill,
    Retire,
    RunHook,
    Scale,
    SetTraffic,
    Step,
)
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers import (
    analyse,
    approve,
    await_healthy,
    await_stopped,
    bake,
    create_release,
    drill,
    retire,
    run_hook,
    scale,
    set_traffic,
)

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Work:
    """A step's three questions to the world: is it so already, make it so, is it so now."""

    is_done: Callable[[], bool]
    apply: Callable[[], None]
    verify: Callable[[], str]


def work_of(context: ExecutionContext, step: Step) -> Work:  # noqa: C901, PLR0911  one line for each kind of step
    """What carries this step out."""
    match step:
        case CreateRelease():
            return _bound(context, step, create_release.is_done, create_release.apply, create_release.verify)
        case AwaitHealthy():
            return _bound(context, step, await_healthy.is_done, await_healthy.apply, await_healthy.verify)
        case AwaitStopped():
            return _bound(context, step, await_stopped.is_done, await_stopped.apply, await_stopped.verify)
        case SetTraffic():
            return _bound(context, step, set_traffic.is_done, set_traffic.apply, set_traffic.verify)
        case Bake():
            return _bound(context, step, bake.is_done, bake.apply, bake.verify)
        case Analyse():
            return _bound(context, step, analyse.is_done, analyse.apply, analyse.verify)
        case Approve():
            return _bound(context, step, approve.is_done, approve.apply, approve.verify)
        case RunHook():
            return _bound(context, step, run_hook.is_done, run_hook.apply, run_hook.verify)
        case Drill():
            return _bound(context, step, drill.is_done, drill.apply, drill.verify)
        case Scale():
            return _bound(context, step, scale.is_done, scale.apply, scale.verify)
        case Retire():
            return _bound(context, step, retire.is_done, retire.apply, retire.verify)
        case _:
            assert_never(step)


def _bound(
    context: ExecutionContext,
    step: S,
    is_done: Callable[[ExecutionContext, S], bool],
    apply: Callable[[ExecutionContext, S], None],
    verify: Callable[[ExecutionContext, S], str],
) -> Work:
    return Work(partial(is_done, context, step), partial(apply, context, step), partial(verify, context, step))
