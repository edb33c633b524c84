"""The end of a sequence: the faults stop, people answer what waits, and everything must come to rest."""

from cutover.domain import Execution, Status
from support.simulation.scheduler import Process
from support.simulation.simulation import Simulation
from support.simulation.state import state_of
from support.simulation.undisturbed import end_of, history_of, labelled

_ROUND = 20_000
"""Hand-overs within a few seconds of virtual time that only a process which spins can make."""
_WAIT_SECONDS = 900.0 + 300.0
"""Virtual time in which every process must end or wait for a person: the way back tries for 900 s."""
_LOOK_SECONDS = 5.0
"""Virtual time between two looks of the person who answers."""
_ANSWERS = ("resume", "restore", "accept-live", "promote", "promote-full", "abort")
"""What a person types, one after the other, while an execution waits."""


def settle(simulation: Simulation) -> None:
    """Let everything come to rest, and check the end; raises `Broken`."""
    _end_faults(simulation)
    _until_nobody_is_at_work(simulation)
    _finish_what_is_unfinished(simulation)
    _repair_by_hand(simulation)
    _collect(simulation)
    # Tasks that ECS has started meanwhile become healthy.
    simulation.scheduler.now += _LOOK_SECONDS
    check_end(simulation)
    _resume_again(simulation)
    _compare(simulation)


def _resume_again(simulation: Simulation) -> None:
    """Promise 4: a second `resume` changes nothing."""
    newest = simulation.ledger.latest_execution()
    if newest is None or newest.status is Status.FAILED:
        return
    before = state_of(simulation)
    process = _type(simulation, "resume")
    _until_nobody_is_at_work(simulation)
    if not process.ended.startswith("Refused FINISHED") or state_of(simulation) != before:
        simulation.watch.broken(4, f"a second resume ends as {process.ended}, and the state is {state_of(simulation)}")


def _compare(simulation: Simulation) -> None:
    """Promise 3: the state is that of a run which nobody disturbed, where that is defined."""
    known = history_of(simulation)
    if known is None:
        return
    history, numbers = known
    state, expected = labelled(state_of(simulation), numbers), end_of(simulation.retention, history)
    if state != expected:
        simulation.watch.broken(3, f"the end of {history} is {state}, undisturbed it is {expected}")


def _end_faults(simulation: Simulation) -> None:
    simulation.note("the faults stop")
    simulation.faults.stop()
    simulation.world.alarm_states.clear()
    for process in simulation.processes:
        process.frozen_until = 0.0
    # A version that broke while it ran works again; a bad one stays bad.
    for version in simulation.broken_later:
        simulation.world.set_behaviour(version, "good")


def _until_nobody_is_at_work(simulation: Simulation) -> None:
    answers = iter(_ANSWERS)
    deadline = simulation.scheduler.now + _WAIT_SECONDS
    while simulation.at_work():
        simulation.run(_ROUND, until=simulation.scheduler.now + _LOOK_SECONDS)
        working = [process.name for process in simulation.at_work()]
        head = simulation.ledger.latest_execution()
        if working and head is not None and not head.finished and _waits_for_a_person(head):
            answer = next(answers, None)
            if answer is None:
                simulation.watch.broken(3, f"{working} still wait after an abort")
                return
            _type(simulation, answer)
            deadline = simulation.scheduler.now + _WAIT_SECONDS
        elif working and simulation.scheduler.now > deadline:
            simulation.watch.broken(3, f"{working} are at work for ever: {head and (head.status, head.phase)}")


def _waits_for_a_person(head: Execution) -> bool:
    step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
    return head.phase.value == "paused" or (step is not None and step.kind == "Approve")


def _finish_what_is_unfinished(simulation: Simulation) -> None:
    """A person resumes what no driver carries out; what FAILED is resumed once more, since the faults have ended."""
    for _ in range(2):
        head = simulation.ledger.latest_execution()
        if head is None or head.status in (Status.COMPLETED, Status.ROLLED_BACK):
            return
        _type(simulation, "resume")
        _until_nobody_is_at_work(simulation)
    _type(simulation, "rollback")
    _until_nobody_is_at_work(simulation)


def _repair_by_hand(simulation: Simulation) -> None:
    """A change by hand after the end, or the last call of a driver that had lost its lease: `pulumi up` repairs it."""
    world, ledger = simulation.world, simulation.ledger
    recorded = ledger.allocation().positive()
    if world.weights != recorded and (world.changed_by_hand_at >= 0 or simulation.watch.late_write):
        simulation.note("a person runs pulumi up")
        world.edit_by_hand(recorded)


def _collect(simulation: Simulation) -> None:
    if simulation.ledger.allocation().positive():
        _type(simulation, "gc")
        _until_nobody_is_at_work(simulation)


def _type(simulation: Simulation, verb: str) -> Process:
    return simulation.start(verb)


def check_end(simulation: Simulation) -> None:
    """What must hold when nobody is at work and nothing fails any more; raises `Broken`."""
    for number, check in simulation.checks["end"]:
        message = check(simulation.watch, simulation)
        if message:
            simulation.watch.broken(number, message)
