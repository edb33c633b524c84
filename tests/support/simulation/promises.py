"""The promises of `cutover` by number, each with its checks in the simulation, or with the place where it is proved.

A check is a function of the watch and a moment; it returns how the promise is broken, or nothing. `call` is a call of
a port before its effect; `effect` a change of capacity or a stack; `weights` each change of the listener, `move` one
by a driver; `late` an act of a driver that lost its lease; `commit` a journal event; `end` the state at rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.simulation.checks import at_rest, capacity, records, weights

Check = Callable[[Any, Any], str | None]
KINDS = ("call", "effect", "weights", "move", "late", "commit", "end")


@dataclass(frozen=True)
class Promise:
    """One promise: its text, its checks as (kind of moment, check), and where else it is proved."""

    text: str
    checks: tuple[tuple[str, Check], ...] = ()
    elsewhere: str = ""


PROMISES: dict[int, Promise] = {
    1: Promise(
        "Weights sum to 100 after every write, or there are none.",
        (("weights", weights.sum_to_100), ("end", at_rest.listener_is_recorded)),
    ),
    2: Promise(
        "Every positive weight has the healthy targets that it requires when it is written.",
        (("move", weights.targets_carry_what_they_get), ("move", weights.way_back_gives_what_is_carried)),
    ),
    3: Promise(
        "A kill anywhere and a resume end in a terminal state; nobody is at work for ever.",
        (("end", at_rest.executions_are_finished), ("end", at_rest.ledger_has_the_stacks)),
        "kills.py compares the end with that of an undisturbed run; settle.py bounds the time",
    ),
    4: Promise("A second resume changes nothing.", elsewhere="settle.py, at the end of every sequence"),
    5: Promise("There is one active execution.", (("commit", records.one_in_progress),)),
    6: Promise(
        "A driver that lost its lease finishes at most the one call in flight.", (("late", records.one_late_act),)
    ),
    7: Promise(
        "The stack of a complete release is only destroyed.", (("effect", capacity.complete_stack_is_not_created),)
    ),
    8: Promise("The same release is nothing to do.", (("commit", records.no_deployment_of_what_serves),)),
    9: Promise("Images are digests.", elsewhere="tests/contracts/test_adapters.py, tests/components"),
    10: Promise(
        "A failed gate takes the traffic from the candidate with the next write.",
        (
            ("move", weights.stopped_candidate_goes_back),
            ("move", weights.failed_release_only_loses),
            ("move", weights.way_back_is_complete),
            ("commit", records.nothing_follows_a_stop),
        ),
    ),
    11: Promise("What was not measured never passes a gate.", (("commit", records.bake_ends_with_passed_gates),)),
    12: Promise("Too few samples do not pass.", elsewhere="tests/unit/test_limits_of_watching.py, test_analysis.py"),
    13: Promise(
        "The last good release keeps its capacity until the end of the bake and the drain.",
        (
            ("effect", capacity.last_good_keeps_its_tasks),
            ("effect", capacity.drained_before_it_stops),
            ("end", at_rest.serving_release_is_healthy),
        ),
    ),
    14: Promise("A rollback needs no build, no registry and no edit.", (("call", records.no_image_for_a_way_back),)),
    15: Promise(
        "A rollback goes to the last good release.",
        (("commit", records.good_is_what_succeeded), ("commit", records.rollback_goes_to_the_last_good)),
    ),
    16: Promise("A rollback during a rollback converges.", elsewhere="kills.py: rollback-hot, -warm, -cold, abort"),
    17: Promise(
        "An abort or a pause is never passed over; at rest the last good release has everything.",
        (
            ("commit", records.nothing_is_raised_against_a_request),
            ("commit", records.no_success_after_an_abort),
            ("end", at_rest.last_good_has_everything),
        ),
    ),
    18: Promise(
        "The traffic does not go from a living release to a dead one.", (("move", weights.no_way_to_the_dead),)
    ),
    19: Promise(
        "Nothing that has weight or is the last good release loses its tasks or its stack.",
        (("effect", capacity.weight_keeps_its_tasks), ("effect", capacity.last_good_stays)),
    ),
    20: Promise("A first deployment that fails leaves no weight.", (("end", at_rest.no_weight_without_success),)),
    21: Promise("A preview writes nothing.", (("call", records.preview_writes_nothing),)),
    22: Promise(
        "Every change is legal and recorded before its effect, the way back right after it; the journal is a chain.",
        (
            ("commit", records.legal_transition),
            ("commit", records.way_back_is_recorded_next),
            ("move", weights.recorded_before_written),
            ("effect", capacity.recorded_before_the_effect),
            ("end", at_rest.journals_are_chains),
        ),
    ),
    23: Promise("A change by hand is noticed before the driver acts.", (("move", weights.drift_is_not_built_upon),)),
    24: Promise("No secret value is shown or kept.", elsewhere="tests/unit/test_canary.py, tests/e2e"),
    25: Promise("Executions of another version end.", elsewhere="tests/contracts/test_records_of_version_0_1.py"),
}


def checks_by_kind() -> dict[str, tuple[tuple[int, Check], ...]]:
    """Kind of moment → the numbered checks that run at it."""
    numbered = [(kind, number, check) for number, promise in PROMISES.items() for kind, check in promise.checks]
    return {kind: tuple((number, check) for each, number, check in numbered if each == kind) for kind in KINDS}
