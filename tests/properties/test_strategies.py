"""What holds for every plan, whatever the facts."""

from hypothesis import given
from hypothesis import strategies as st

from driver.model import AwaitHealthy, Bake, CreateRelease, Plan, ReleaseRef, Retire, Scale, SetTraffic
from strategies.blue_green import blue_green
from strategies.facts import Facts, Waits
from strategies.rollback import RollbackFacts, rollback_after_failure, rollback_on_request

WAITS = st.builds(
    Waits,
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
    waits=WAITS,
    probe=st.booleans(),
    retention=st.sampled_from(["hot", "warm", "cold"]),
    candidate_scaled_to_zero=st.booleans(),
    surplus=st.lists(st.integers(1, 7).map(ref), unique_by=lambda r: r.release, max_size=3).map(tuple),
)
ROLLBACK = st.builds(
    RollbackFacts,
    failed=st.just(ref(9)),
    failed_exists=st.booleans(),
    failed_weight=st.integers(0, 100),
    target=st.none() | st.just(ref(8)),
    target_capacity=st.integers(1, 20),
    target_state=st.sampled_from(["serving", "hot", "warm", "cold"]),
    target_healthy=st.booleans(),
    waits=WAITS,
)


def weights_sum_to_100_or_nothing(plan: Plan) -> bool:
    return all(sum(w for _, w in s.weights) == 100 or not s.weights for s in plan.steps if isinstance(s, SetTraffic))


@given(FACTS)
def test_every_blue_green_step_of_traffic_sums_to_100(facts: Facts) -> None:
    assert weights_sum_to_100_or_nothing(blue_green(facts))


@given(FACTS)
def test_no_user_reaches_the_candidate_before_it_was_proven(facts: Facts) -> None:
    steps = blue_green(facts).steps
    assert isinstance(steps[0], CreateRelease)
    first_traffic = next(i for i, s in enumerate(steps) if isinstance(s, SetTraffic))
    proofs = [s for s in steps[:first_traffic] if isinstance(s, AwaitHealthy)]
    assert [p.required_count for p in proofs] == [facts.capacity]


@given(FACTS)
def test_the_baseline_keeps_its_capacity_until_the_bake_has_ended(facts: Facts) -> None:
    steps = blue_green(facts).steps
    baked = next(i for i, s in enumerate(steps) if isinstance(s, Bake))
    assert not [s for s in steps[:baked] if isinstance(s, Scale | Retire) and s.release != facts.candidate]


@given(FACTS)
def test_whatever_is_retired_has_left_the_listener_before(facts: Facts) -> None:
    steps = blue_green(facts).steps
    for index, step in enumerate(steps):
        if isinstance(step, Retire):
            named = [s for s in steps[:index] if isinstance(s, SetTraffic)][-1].weights
            assert step.release not in [release for release, _ in named]


def _wakes(step: object, facts: RollbackFacts) -> bool:
    return isinstance(step, Scale) and step.release == facts.target


@given(ROLLBACK)
def test_a_rollback_moves_traffic_before_it_takes_capacity(facts: RollbackFacts) -> None:
    steps = rollback_after_failure(facts).steps
    kinds = [
        type(s) for s in steps if isinstance(s, SetTraffic | Retire) or getattr(s, "release", None) == facts.failed
    ]
    if Retire in kinds:
        assert kinds[0] is SetTraffic
    assert weights_sum_to_100_or_nothing(rollback_after_failure(facts))


@given(ROLLBACK)
def test_a_failed_release_never_keeps_weight(facts: RollbackFacts) -> None:
    moves = [s for s in rollback_after_failure(facts).steps if isinstance(s, SetTraffic)]
    assert all(release != facts.failed for move in moves for release, _ in move.weights)
    assert moves or not (facts.failed_exists or (facts.failed_weight and facts.target))


@given(ROLLBACK)
def test_a_healthy_target_gets_the_traffic_in_the_first_step_by_a_direct_call(facts: RollbackFacts) -> None:
    if facts.target is None or not facts.target_healthy or facts.target_state not in ("serving", "hot"):
        return
    first = rollback_on_request(facts).steps[0]
    assert isinstance(first, SetTraffic)
    assert first.direct_first


@given(FACTS)
def test_a_plan_survives_its_record(facts: Facts) -> None:
    plan = blue_green(facts)
    assert Plan.model_validate_json(plan.model_dump_json()).hash == plan.hash
