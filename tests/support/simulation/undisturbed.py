"""What the end of a sequence would be if nobody had disturbed it: the successes of its executions, one after the other.

A deployment that was rolled back, and a drill, leave nothing behind. The end is not defined if an operator was needed,
if a clean-up failed or was overtaken, or if the way back had to create something again.
"""

from functools import cache

from cutover.domain import Execution, Status
from support.simulation.simulation import Simulation
from support.simulation.state import State, state_of

Step = tuple[str, int, str]
"""Verb, number of the version in the order of its first success, strategy."""
History = tuple[Step, ...]


def history_of(simulation: Simulation) -> tuple[History, dict[str, int]] | None:
    """The successes in order, and version → number; None if the undisturbed end is not defined."""
    watch, world = simulation.watch, simulation.world
    if watch.late_scales or watch.late_stacks or world.deleted_groups or not world.weights:
        return None
    numbers: dict[str, int] = {}
    steps: list[Step] = []
    for head in simulation.ledger.heads.values():
        if not _is_defined(simulation, head, numbers):
            return None
        if head.status is not Status.COMPLETED or head.purpose == "drill":
            continue
        number = 0 if head.purpose == "gc" else numbers.setdefault(head.candidate.version, len(numbers) + 1)
        verb = "rollback-to" if head.purpose == "rollback" else head.purpose
        steps.append((verb, number, head.strategy if head.strategy in ("rolling", "recreate") else "blue-green"))
    return tuple(steps), numbers


def _is_defined(simulation: Simulation, head: Execution, succeeded: dict[str, int]) -> bool:
    if head.status is Status.FAILED or head.warnings:
        return False
    if head.purpose == "gc":
        return simulation.ledger.control(head.execution_id).abort is None
    if head.status is Status.COMPLETED or head.purpose == "drill":
        return True
    if head.candidate.version in succeeded:
        return False
    for event in simulation.ledger.events[head.execution_id]:
        if event.kind == "failure":
            break
        if event.message.startswith("destroy the stack"):
            return False
    return True


def labelled(state: State, numbers: dict[str, int]) -> State:
    """The state with the number of each version in place of the names of its release."""

    def label(value: object) -> object:
        match value:
            case str():
                version = value.split("-")[1] if value.count("-") == 2 else ""
                return f"#{numbers[version]}" if version in numbers else value
            case dict():
                return {label(key): label(each) for key, each in value.items()}
            case tuple() | list():
                return tuple(label(each) for each in value)
            case _:
                return value

    return {key: label(value) for key, value in state.items()}


@cache
def end_of(retention: str, history: History) -> State:
    """The labelled state after a history, and after `gc`."""
    simulation = _after(retention, history).fork()
    try:
        if simulation.ledger.allocation().positive():
            simulation.start("gc")
            simulation.finish()
        simulation.scheduler.now += 5.0
        numbers = {f"v{number}": number for number in range(1, 1 + max((step[1] for step in history), default=0))}
        return labelled(state_of(simulation), numbers)
    finally:
        simulation.close()


@cache
def _after(retention: str, history: History) -> Simulation:
    if not history:
        return Simulation("health", retention)
    simulation = _after(retention, history[:-1]).fork()
    verb, number, strategy = history[-1]
    simulation.start(verb, f"v{number}", strategy)
    simulation.finish()
    return simulation
