"""Weights that somebody changed outside cutover: found within a look, shown, and answered as `on_drift` says."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Allocation, Execution, JournalEvent, Phase, RequestKind, Status, Weight
from cutover.domain.errors import Paused, PreflightFailed
from cutover.execution.drift import find_drift
from cutover.execution.waiting import look_for_drift
from support.executions import code_of, context_of, newest, release, request
from support.fakes import InMemoryEnvironment

CANARY = {
    "kind": "canary",
    "canary": {"steps": [{"weight": 20}, {"pause": "60s"}]},
    "bake": "30s",
    "propagation_margin": "5s",
    "drain": "5s",
}
SECONDS_BETWEEN_ACTIONS, LONGEST_PAUSE = 20, 600
Action = Callable[[], object]


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v0", "v1"):
        operations.deploy(environment.driver(version, retention={"mode": "hot", "keep": 3}))
    return environment


def deploy(environment: InMemoryEnvironment, on_drift: str = "stop") -> Execution:
    driver = environment.driver("v2", strategy=CANARY, on_drift=on_drift, retention={"mode": "hot", "keep": 3})
    execution = operations.deploy(driver)
    assert execution is not None
    return execution


def by_hand(environment: InMemoryEnvironment, **percents: int) -> Action:
    """Change the listener as a person does in the console."""

    def change() -> None:
        environment.cloud.weights = {
            f"tg/{release(environment, version).ref.release}": percent
            for version, percent in percents.items()
            if percent
        }

    return change


def while_it_bakes(environment: InMemoryEnvironment, *actions: Action) -> list[Phase]:
    """Do the actions while v2 has 20 %, 20 s apart; returns the phases of the execution before each of them."""
    left, phases, since = list(actions), list[Phase](), [0.0]

    def act() -> None:
        head = newest(environment)
        if head.finished or (not phases and head.phase is not Phase.BAKING):
            return
        waited = environment.clock.slept - since[0]
        if left and waited >= SECONDS_BETWEEN_ACTIONS:
            since[0] = environment.clock.slept
            phases.append(head.phase)
            left.pop(0)()
        elif not left and waited >= LONGEST_PAUSE:
            request(environment, RequestKind.ABORT, by="a test that would never end")

    environment.clock.on_sleep = act
    return phases


def asks(environment: InMemoryEnvironment, kind: RequestKind) -> Action:
    return lambda: request(environment, kind, by="bob")


def events(environment: InMemoryEnvironment, kind: str) -> list[JournalEvent]:
    return [event for event in environment.ledger.journal(newest(environment).execution_id) if event.kind == kind]


def names(environment: InMemoryEnvironment) -> tuple[str, str, str]:
    old, good, new = (release(environment, version).ref.release for version in ("v0", "v1", "v2"))
    return old, good, new


def test_a_drift_pauses_the_execution_and_shows_both_values(environment: InMemoryEnvironment) -> None:
    raise_candidate = by_hand(environment, v1=60, v2=40)
    phases = while_it_bakes(environment, raise_candidate, asks(environment, RequestKind.ABORT))
    assert deploy(environment).status is Status.ROLLED_BACK
    assert phases == [Phase.BAKING, Phase.PAUSED]
    _, good, new = names(environment)
    assert (
        f"they are {good} 60 %, {new} 40 %, recorded are {good} 80 %, {new} 20 %"
        in events(environment, "drift")[0].message
    )
    assert "`cutover resume --accept-live`" in events(environment, "paused")[0].message


def test_nothing_is_written_and_the_gates_go_on_while_a_person_has_not_answered(
    environment: InMemoryEnvironment,
) -> None:
    calls: list[int] = []

    def crash() -> None:
        calls.append(len(environment.cloud.calls))
        environment.cloud.behaviour["v2"] = "crash"

    changed = by_hand(environment, v1=60, v2=40)
    while_it_bakes(environment, lambda: (changed(), calls.append(len(environment.cloud.calls))), crash)
    execution = deploy(environment)
    assert calls[0] == calls[1]
    assert (execution.status, code_of(execution)) == (Status.ROLLED_BACK, "GATE_FAILED")
    assert environment.weight_of("v1") == 100


def test_a_person_can_accept_the_live_weights(environment: InMemoryEnvironment) -> None:
    recorded: list[dict[str, int]] = []
    while_it_bakes(
        environment,
        by_hand(environment, v1=60, v2=40),
        asks(environment, RequestKind.ACCEPT_LIVE),
        lambda: recorded.append(environment.ledger.allocation().positive()),
    )
    execution = deploy(environment)
    assert (execution.status, environment.weight_of("v2")) == (Status.COMPLETED, 100)
    _, good, new = names(environment)
    assert recorded == [{f"tg/{good}": 60, f"tg/{new}": 40}]
    change = next(c for c in environment.ledger.weight_changes(9) if "accept-live by bob" in c.reason)
    assert (change.before, change.after) == ({good: 80, new: 20}, {good: 60, new: 40})


def test_a_person_can_restore_the_recorded_weights(environment: InMemoryEnvironment) -> None:
    shares: list[int] = []
    while_it_bakes(
        environment,
        by_hand(environment, v1=60, v2=40),
        asks(environment, RequestKind.RESTORE),
        lambda: shares.append(environment.weight_of("v2")),
    )
    assert deploy(environment).status is Status.COMPLETED
    assert shares == [20]
    assert any("restore by bob" in event.message for event in events(environment, "weights"))


@pytest.mark.parametrize("kind", [RequestKind.ACCEPT_LIVE, RequestKind.RESTORE])
def test_an_answer_is_for_one_drift_only(environment: InMemoryEnvironment, kind: RequestKind) -> None:
    changed, answer = by_hand(environment, v1=60, v2=40), asks(environment, kind)
    again = by_hand(environment, v1=50, v2=50)
    phases = while_it_bakes(environment, changed, answer, again, asks(environment, RequestKind.ABORT))
    assert deploy(environment).status is Status.ROLLED_BACK
    assert phases == [Phase.BAKING, Phase.PAUSED, Phase.BAKING, Phase.PAUSED]


def test_the_pause_ends_when_somebody_sets_the_recorded_weights_again(environment: InMemoryEnvironment) -> None:
    phases = while_it_bakes(
        environment, by_hand(environment, v1=60, v2=40), by_hand(environment, v1=80, v2=20), lambda: None
    )
    assert deploy(environment).status is Status.COMPLETED
    assert phases == [Phase.BAKING, Phase.PAUSED, Phase.BAKING]


def test_a_move_towards_the_last_good_release_is_an_abort(environment: InMemoryEnvironment) -> None:
    while_it_bakes(environment, by_hand(environment, v1=100))
    execution = deploy(environment)
    assert (execution.status, code_of(execution)) == (Status.ROLLED_BACK, "MOVED_BY_HAND")
    assert environment.weight_of("v1") == 100


def test_a_move_from_a_third_release_to_the_last_good_one_is_no_abort(environment: InMemoryEnvironment) -> None:
    deploy(environment)
    environment.when_paused = "leave"
    environment.ledger.the_good = environment.ledger.good().back_to(release(environment, "v1").ref.release, "")
    head = newest(environment).model_copy(update={"status": Status.IN_PROGRESS, "completed_at": None})
    environment.ledger.heads[head.execution_id] = head
    weights = tuple(
        Weight(release=name, version=name, target_group_arn=f"tg/{name}", weight=percent)
        for name, percent in zip(names(environment), (20, 60, 20), strict=True)
    )
    environment.ledger.the_allocation = Allocation(weights=weights)
    by_hand(environment, v1=80, v2=20)()
    with pytest.raises(Paused):
        look_for_drift(context_of(environment, environment.driver("v2")))


@pytest.mark.parametrize("percents", [{"v1": 100, "v0": 0, "v2": 0}, {"v1": 81, "v2": 19}])
def test_a_move_towards_the_last_good_release_is_an_abort_whatever_on_drift_says(
    environment: InMemoryEnvironment, percents: dict[str, int]
) -> None:
    while_it_bakes(environment, by_hand(environment, **percents))
    assert code_of(deploy(environment, "restore")) == "MOVED_BY_HAND"


def test_restore_writes_the_recorded_weights_at_once(environment: InMemoryEnvironment) -> None:
    shares: list[int] = []
    phases = while_it_bakes(
        environment, by_hand(environment, v1=60, v2=40), lambda: shares.append(environment.weight_of("v2"))
    )
    assert deploy(environment, "restore").status is Status.COMPLETED
    assert (shares, phases) == ([20], [Phase.BAKING, Phase.BAKING])
    assert [
        event.message.endswith("(restored, because on_drift is restore)") for event in events(environment, "weights")
    ].count(True) == 1


def test_a_restore_never_raises_the_candidate(environment: InMemoryEnvironment) -> None:
    shares: list[int] = []
    phases = while_it_bakes(
        environment,
        by_hand(environment, v0=20, v1=80),
        asks(environment, RequestKind.RESTORE),
        lambda: shares.append(environment.weight_of("v2")),
        asks(environment, RequestKind.ABORT),
    )
    assert deploy(environment, "restore").status is Status.ROLLED_BACK
    assert (shares, phases) == ([0], [Phase.BAKING, Phase.PAUSED, Phase.PAUSED, Phase.PAUSED])
    refusals = [event for event in events(environment, "drift") if "that would raise the candidate" in event.message]
    assert len(refusals) == 1


@pytest.mark.parametrize(
    ("live", "why"), [({"tg/unknown": 100}, "they name tg/unknown"), ({"v1": 60, "v2": 60}, "they do not sum to 100")]
)
def test_live_weights_that_no_allocation_has_cannot_be_accepted(
    environment: InMemoryEnvironment, live: dict[str, int], why: str
) -> None:
    def change() -> None:
        environment.cloud.weights = {
            name if name.startswith("tg/") else f"tg/{release(environment, name).ref.release}": weight
            for name, weight in live.items()
        }

    phases = while_it_bakes(
        environment, change, asks(environment, RequestKind.ACCEPT_LIVE), asks(environment, RequestKind.ABORT)
    )
    assert deploy(environment).status is Status.ROLLED_BACK
    assert phases[-1] is Phase.PAUSED
    assert any(why in event.message for event in events(environment, "drift"))


def test_a_difference_that_is_gone_a_second_later_is_no_drift(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, began = context_of(environment, environment.driver("v1")), environment.clock.slept
    read = environment.traffic.weights

    def weights(listener_arn: str) -> object:
        return {"tg/old": 100} if environment.clock.slept - began < 0.9 else read(listener_arn)

    monkeypatch.setattr(environment.traffic, "weights", weights)
    assert find_drift(context) is None
    assert environment.clock.slept - began == 1


@pytest.mark.parametrize(("confirmed", "drifts"), [(False, False), (True, True)])
def test_weights_that_a_former_driver_recorded_and_did_not_write_are_no_drift(
    environment: InMemoryEnvironment, confirmed: bool, drifts: bool
) -> None:
    context, before = context_of(environment, environment.driver("v1")), environment.ledger.allocation()
    weights = tuple(w.model_copy(update={"weight": 100 - w.weight}) for w in before.weights)
    update = {"weights": weights, "replaced": before.positive(), "confirmed": confirmed}
    environment.ledger.the_allocation = before.model_copy(update=update)
    assert (find_drift(context) is not None) is drifts


def test_a_drift_on_the_way_back_gives_the_traffic_to_no_dead_release(environment: InMemoryEnvironment) -> None:
    deploy(environment)
    context = context_of(environment, environment.driver("v2"))
    context.recorder.execution = context.recorder.execution.model_copy(update={"rolling_back": True})
    weights = environment.ledger.allocation().weights
    back = tuple(w.model_copy(update={"weight": 100 * (w.version == "v1")}) for w in weights)
    environment.ledger.the_allocation = Allocation(weights=back)
    environment.cloud.behaviour["v1"] = "unhealthy"
    look_for_drift(context)
    assert environment.weight_of("v2") == 100
    environment.cloud.behaviour["v1"] = "good"
    look_for_drift(context)
    assert environment.weight_of("v1") == 100


def test_a_release_that_loses_its_traffic_gets_none_back_by_a_late_write(environment: InMemoryEnvironment) -> None:
    while_it_bakes(environment, asks(environment, RequestKind.ABORT))
    late = by_hand(environment, v1=80, v2=20)

    def write_late(event: str) -> None:
        if event == "outcome Drain":
            late()

    environment.ledger.before_write = write_late
    assert deploy(environment).status is Status.ROLLED_BACK
    assert environment.weight_of("v1") == 100
    assert any("got traffic again during the rollback" in event.message for event in events(environment, "weights"))


def test_another_drift_on_the_way_back_is_noted_once_and_stops_nothing(environment: InMemoryEnvironment) -> None:
    context = context_of(environment, environment.driver("v1"))
    context.recorder.execution = context.recorder.execution.model_copy(update={"rolling_back": True})
    by_hand(environment, v0=50, v1=50)()
    context.knowledge.failed = context.knowledge.failed.model_copy(update={"release": "prod-v9-99999999"})
    for _ in range(3):
        look_for_drift(context)
    assert len(events(environment, "drift")) == 1
    assert environment.weight_of("v0") == 50


@pytest.mark.parametrize("on_the_way_back", [True, False])
def test_the_way_back_goes_on_when_the_listener_cannot_be_read(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, on_the_way_back: bool
) -> None:
    context = context_of(environment, environment.driver("v1"))
    context.recorder.execution = context.recorder.execution.model_copy(update={"rolling_back": on_the_way_back})

    def denied(listener_arn: str) -> object:
        raise PreflightFailed("AWS_DENIED", "DescribeListeners: AccessDenied")

    monkeypatch.setattr(environment.traffic, "weights", denied)
    if on_the_way_back:
        look_for_drift(context)
    else:
        with pytest.raises(PreflightFailed):
            look_for_drift(context)
