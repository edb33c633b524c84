"""Every plan keeps these rules, whatever the strategy and the facts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.config.strategy import CanaryStep
from cutover.domain import (
    AwaitHealthy,
    Bake,
    CreateRelease,
    Drain,
    Drill,
    Plan,
    ReleaseRef,
    Retire,
    Scale,
    SetTraffic,
    ShiftBack,
)
from cutover.strategies.blue_green import blue_green
from cutover.strategies.canary import canary
from cutover.strategies.capacity import tasks_for
from cutover.strategies.facts import Facts, Timings
from cutover.strategies.linear import linear
from cutover.strategies.recreate import recreate
from cutover.strategies.rollback import RollbackFacts, rollback_after_failure, rollback_on_request
from cutover.strategies.rolling import rolling

TIMINGS = st.builds(
    Timings,
    deadline=st.floats(1, 1000),
    interval=st.floats(0.1, 60),
    consecutive=st.integers(1, 10),
    bake=st.floats(0, 1000),
    margin=st.floats(0, 60),
    drain=st.floats(0, 300),
)


def ref(number: int) -> ReleaseRef:
    return ReleaseRef(release=f"prod-v{number}-{number:08x}", version=f"v{number}", digest=f"{number:064x}")


FACTS = st.builds(
    Facts,
    candidate=st.just(ref(9)),
    capacity=st.integers(1, 20),
    baseline=st.none() | st.just(ref(8)),
    baseline_capacity=st.integers(1, 20),
    timings=TIMINGS,
    probe=st.booleans(),
    retention=st.sampled_from(["hot", "warm", "cold"]),
    candidate_scaled_to_zero=st.booleans(),
    surplus=st.lists(st.integers(1, 7).map(ref), unique_by=lambda r: r.release, max_size=3).map(tuple),
    traffic_gates=st.sampled_from([(), ("errors",), ("errors", "alarms")]),
    hooks=st.sampled_from([{}, {"BeforeInstall": ("a",), "AfterAllowTraffic": ("b", "c")}]),
    fresh_baseline=st.none() | st.just(ref(7)),
)


@st.composite
def canary_steps(draw: st.DrawFn) -> tuple[CanaryStep, ...]:
    """Steps that the configuration accepts: weights and capacity grow, and no weight is above the capacity."""
    steps: list[CanaryStep] = []
    scale = draw(st.sampled_from([0, 100]))
    for weight in sorted(draw(st.sets(st.integers(1, 99), min_size=1, max_size=5))):
        if scale < weight:
            scale = draw(st.integers(weight, 100))
            steps.append(CanaryStep(scale=scale))
        steps.append(CanaryStep(weight=weight))
        if draw(st.booleans()):
            steps.append(CanaryStep.model_validate({draw(st.sampled_from(["pause", "analyse"])): "1m"}))
    return tuple(steps)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Facts, Plan]:
    """A plan of any strategy, with its facts."""
    facts = draw(FACTS)
    kind = draw(st.sampled_from(["blue-green", "canary", "linear", "rolling", "recreate"]))
    match kind:
        case "canary":
            return facts, canary(facts, draw(canary_steps()))
        case "linear":
            return facts, linear(facts, draw(st.integers(1, 100)), draw(st.floats(0, 600)))
        case "rolling":
            return facts, rolling(facts, draw(st.integers(1, 100)), draw(st.sampled_from([0.0, 60.0])))
        case "recreate":
            return facts, recreate(facts, "back soon")
    return facts, blue_green(facts)


ROLLBACK = st.builds(
    RollbackFacts,
    failed=st.just(ref(9)),
    failed_exists=st.booleans(),
    failed_weight=st.integers(0, 100),
    target=st.none() | st.just(ref(8)),
    target_capacity=st.integers(1, 20),
    target_desired=st.integers(0, 20),
    target_state=st.sampled_from(["serving", "hot", "warm", "cold"]),
    target_weight=st.integers(0, 100),
    leftovers=st.sampled_from([(), (ref(7),)]),
    timings=TIMINGS,
    traffic_moved=st.booleans(),
)
MANY = settings(max_examples=2000, deadline=None)
SOME = settings(max_examples=500, deadline=None)
"""For rollbacks, whose facts have few values that make a difference."""


@MANY
@given(plans())
def test_the_weights_of_every_write_sum_to_100_or_are_empty(planned: tuple[Facts, Plan]) -> None:
    facts, plan = planned
    moves = [step for step in plan.steps if isinstance(step, SetTraffic)]
    assert all(sum(share.weight for share in move.shares) == 100 or not move.shares for move in moves)
    assert moves[-1].weight_of(facts.candidate) == 100
    assert all(len(move.shares) <= 5 for move in moves), "an ALB action takes five target groups"


@MANY
@given(plans())
def test_the_candidates_weight_only_grows(planned: tuple[Facts, Plan]) -> None:
    facts, plan = planned
    weights = [step.weight_of(facts.candidate) for step in plan.steps if isinstance(step, SetTraffic)]
    assert weights == sorted(weights)


@MANY
@given(plans())
def test_no_release_gets_more_traffic_than_its_healthy_tasks_carry(planned: tuple[Facts, Plan]) -> None:
    facts, plan = planned
    healthy = {facts.baseline: facts.baseline_capacity}
    capacity = {facts.baseline: facts.baseline_capacity, facts.candidate: facts.capacity}
    if facts.fresh_baseline:
        capacity[facts.fresh_baseline] = facts.baseline_capacity
    for step in plan.steps:
        match step:
            case AwaitHealthy(release=release, required_count=count):
                healthy[release] = count
            case Scale(release=release, desired_count=count) if count < healthy.get(release, 0):
                healthy[release] = count
            case SetTraffic(shares=shares):
                for share in (s for s in shares if s.weight):
                    assert healthy[share.release] >= tasks_for(share.weight, capacity[share.release])
                    assert share.required_count == tasks_for(share.weight, capacity[share.release])


@MANY
@given(plans())
def test_no_release_loses_tasks_that_its_weight_needs(planned: tuple[Facts, Plan]) -> None:
    facts, plan = planned
    weight = {facts.baseline: 100}
    for step in plan.steps:
        if isinstance(step, SetTraffic):
            weight = {share.release: share.weight for share in step.shares}
        if isinstance(step, Retire):
            assert weight.get(step.release, 0) == 0
        if isinstance(step, Scale) and step.release == facts.baseline:
            assert step.desired_count >= tasks_for(weight.get(step.release, 0), facts.baseline_capacity)


@MANY
@given(plans())
def test_the_candidate_gets_no_traffic_before_it_has_passed_the_gates(planned: tuple[Facts, Plan]) -> None:
    facts, plan = planned
    first = next(
        i
        for i, s in enumerate(plan.steps)
        if isinstance(s, Drill) or (isinstance(s, SetTraffic) and s.weight_of(facts.candidate))
    )
    before = [s for s in plan.steps[:first] if getattr(s, "release", None) == facts.candidate]
    kinds = [type(s) for s in before]
    assert kinds.index(CreateRelease) < kinds.index(AwaitHealthy)
    proof = next(s for s in before if isinstance(s, AwaitHealthy))
    assert proof.gates == facts.gates_before_traffic


@MANY
@given(plans())
def test_the_baseline_is_kept_until_the_bake_at_full_traffic_has_ended(planned: tuple[Facts, Plan]) -> None:
    facts, plan = planned
    full = next(
        i for i, s in enumerate(plan.steps) if isinstance(s, SetTraffic) and s.weight_of(facts.candidate) == 100
    )
    baked = next(i for i, s in enumerate(plan.steps) if isinstance(s, Bake) and i > full)
    assert not [s for s in plan.steps[:baked] if isinstance(s, Retire) and s.release == facts.baseline]
    if plan.strategy in ("blue-green", "canary", "linear"):
        assert not [s for s in plan.steps[:baked] if isinstance(s, Scale) and s.release == facts.baseline]


@MANY
@given(plans())
def test_a_release_is_retired_only_after_it_has_left_the_listener(planned: tuple[Facts, Plan]) -> None:
    _, plan = planned
    for index, step in enumerate(plan.steps):
        if isinstance(step, Retire):
            named = [s for s in plan.steps[:index] if isinstance(s, SetTraffic)][-1].shares
            assert step.release not in [share.release for share in named]


@MANY
@given(plans())
def test_no_release_loses_capacity_before_open_requests_have_drained(planned: tuple[Facts, Plan]) -> None:
    _, plan = planned
    drained = False
    for step in plan.steps:
        match step:
            case SetTraffic():
                drained = False
            case Drain():
                drained = True
            case Retire() | Scale(desired_count=0):
                assert drained


@MANY
@given(plans())
def test_only_what_removes_capacity_belongs_to_the_clean_up_and_comes_after_the_bake(
    planned: tuple[Facts, Plan],
) -> None:
    facts, plan = planned
    start = len(plan.steps) if plan.clean_up_from is None else plan.clean_up_from
    assert isinstance(plan.steps[start - 1], Bake)
    assert all(isinstance(step, Drain | Scale | Retire) for step in plan.steps[start:])
    assert not [s for s in plan.steps[:start] if isinstance(s, Retire)]
    touched = {s.release for s in plan.steps[start:] if isinstance(s, Scale | Retire)}
    assert facts.candidate not in touched


@MANY
@given(plans())
def test_a_plan_has_the_same_hash_after_it_is_read_from_its_record(planned: tuple[Facts, Plan]) -> None:
    _, plan = planned
    assert Plan.model_validate_json(plan.model_dump_json()).hash == plan.hash


@SOME
@given(ROLLBACK)
def test_a_rollback_shifts_all_traffic_back_unless_the_target_has_it_with_all_its_tasks(facts: RollbackFacts) -> None:
    shifts = [s for s in rollback_after_failure(facts).steps if isinstance(s, ShiftBack)]
    whole = facts.failed_weight == 0 and facts.target_weight == 100 and facts.target_desired >= facts.target_capacity
    assert [s.release for s in shifts] == ([facts.target] if facts.target and not whole else [])
    assert all(s.failed == facts.failed and s.capacity == facts.target_capacity for s in shifts)


@SOME
@given(ROLLBACK)
def test_a_rollback_without_a_target_takes_the_traffic_from_the_failed_release(facts: RollbackFacts) -> None:
    moves = [s for s in rollback_after_failure(facts).steps if isinstance(s, SetTraffic)]
    assert [move.shares for move in moves] == ([()] if facts.target is None and facts.failed_weight else [])


@SOME
@given(ROLLBACK)
def test_a_rollback_moves_traffic_and_drains_before_it_removes_capacity(facts: RollbackFacts) -> None:
    steps = rollback_after_failure(facts).steps
    kinds = [type(s) for s in steps if isinstance(s, Drain | Retire | SetTraffic | ShiftBack)]
    order = [ShiftBack, SetTraffic, Drain, Retire]
    assert kinds == sorted(kinds, key=order.index)
    if Retire in kinds:
        assert (Drain in kinds) == facts.traffic_moved


@SOME
@given(ROLLBACK)
def test_a_rollback_destroys_what_failed_and_what_exists_only_for_it(facts: RollbackFacts) -> None:
    retired = tuple(s.release for s in rollback_after_failure(facts).steps if isinstance(s, Retire))
    assert retired == ((facts.failed,) if facts.failed_exists else ()) + facts.leftovers


@SOME
@given(ROLLBACK)
def test_a_target_starts_its_missing_tasks_before_it_gets_more_traffic(facts: RollbackFacts) -> None:
    steps = rollback_after_failure(facts).steps
    if not any(isinstance(s, ShiftBack) for s in steps):
        return
    before = steps[: next(i for i, s in enumerate(steps) if isinstance(s, ShiftBack))]
    if facts.target_state == "cold":
        assert before == (CreateRelease(release=facts.target, desired_count=facts.target_capacity),)
    elif facts.target_desired < facts.target_capacity:
        assert before == (Scale(release=facts.target, desired_count=facts.target_capacity),)
    else:
        assert before == ()


@SOME
@given(ROLLBACK)
def test_a_rollback_on_request_removes_no_capacity_and_keeps_the_release_that_it_leaves(facts: RollbackFacts) -> None:
    if facts.target is None:
        with pytest.raises(ValueError, match="needs a target"):
            rollback_on_request(facts)
        return
    steps = rollback_on_request(facts).steps
    assert not [s for s in steps if isinstance(s, Retire | Drain) or (isinstance(s, Scale) and not s.desired_count)]
    assert isinstance(steps[-1], ShiftBack)
    assert steps[-1].keep_failed


def test_a_canary_step_that_the_strategy_does_not_know_is_refused() -> None:
    timings = Timings(deadline=60, interval=1, consecutive=1, bake=0, margin=0, drain=0)
    facts = Facts(candidate=ref(9), capacity=2, baseline=ref(8), timings=timings, probe=False, retention="hot")
    with pytest.raises(ValueError, match="does not know the step"):
        canary(facts, (CanaryStep.model_construct(),))
