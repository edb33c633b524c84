"""From a step to what does it: the one place that knows which file carries out which kind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, assert_never

from driver.model import (
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
from driver.steps import (
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
from driver.steps.scene import Scene

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Work:
    """A step's three questions to the world: is it so already, make it so, is it so now."""

    holds: Callable[[], bool]
    act: Callable[[], None]
    verify: Callable[[], str]


def work_of(scene: Scene, step: Step) -> Work:  # noqa: C901, PLR0911  one line for each kind of step
    """What carries this step out."""
    match step:
        case CreateRelease():
            return _bound(scene, step, create_release.holds, create_release.act, create_release.verify)
        case AwaitHealthy():
            return _bound(scene, step, await_healthy.holds, await_healthy.act, await_healthy.verify)
        case AwaitStopped():
            return _bound(scene, step, await_stopped.holds, await_stopped.act, await_stopped.verify)
        case SetTraffic():
            return _bound(scene, step, set_traffic.holds, set_traffic.act, set_traffic.verify)
        case Bake():
            return _bound(scene, step, bake.holds, bake.act, bake.verify)
        case Analyse():
            return _bound(scene, step, analyse.holds, analyse.act, analyse.verify)
        case Approve():
            return _bound(scene, step, approve.holds, approve.act, approve.verify)
        case RunHook():
            return _bound(scene, step, run_hook.holds, run_hook.act, run_hook.verify)
        case Drill():
            return _bound(scene, step, drill.holds, drill.act, drill.verify)
        case Scale():
            return _bound(scene, step, scale.holds, scale.act, scale.verify)
        case Retire():
            return _bound(scene, step, retire.holds, retire.act, retire.verify)
        case _:
            assert_never(step)


def _bound(
    scene: Scene,
    step: S,
    holds: Callable[[Scene, S], bool],
    act: Callable[[Scene, S], None],
    verify: Callable[[Scene, S], str],
) -> Work:
    return Work(partial(holds, scene, step), partial(act, scene, step), partial(verify, scene, step))
