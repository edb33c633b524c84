"""No effect follows a wait without a second look: at the lease, at the requests, at the weights."""

import pytest

from cutover import operations
from cutover.domain import Phase, ReleaseState, RequestKind, Status
from cutover.domain.errors import Interrupted
from support.scenario import CANARY, CAPACITY, WAITS, Killed, Scenario, ends_well, raises

LONG_DRAIN = WAITS | {"drain": "120s"}
ROLLING = WAITS | {"kind": "rolling", "rolling": {"batch_percent": 25, "pause": "5s"}}


@pytest.fixture
def scenario() -> Scenario:
    """One release that succeeded."""
    scenario = Scenario()
    scenario.deploy("v1")
    return scenario


def by_hand(scenario: Scenario, **weights: int) -> None:
    """Somebody sets the weights in AWS's console."""
    scenario.cloud.weights = {scenario.group_of(version): weight for version, weight in weights.items() if weight}


def effects_on(scenario: Scenario, version: str) -> list[str]:
    """Scales to less and destroys of a version."""
    return [call for call in scenario.cloud.calls if call in (f"scale {version} to 0", f"destroy {version}")]


# p05: a release that gets traffic during the drain keeps its tasks


@pytest.mark.parametrize("mode", ["warm", "cold"])
@pytest.mark.parametrize("percent", [1, 50, 100])
def test_a_release_that_a_person_brings_back_during_the_drain_is_neither_emptied_nor_destroyed(
    scenario: Scenario, mode: str, percent: int
) -> None:
    scenario.at(
        lambda: scenario.is_at("Drain") and not scenario.head.rolling_back,
        lambda: by_hand(scenario, v1=percent, v2=100 - percent),
    )
    execution = scenario.deploy("v2", strategy=LONG_DRAIN, retention={"mode": mode})
    assert effects_on(scenario, "v1") == []
    assert execution.status is Status.ROLLED_BACK, "a move towards the last good release is an abort"
    ends_well(execution, scenario, "v1")


@pytest.mark.parametrize("call", ["scale v1 to 0", "destroy v1"])
def test_a_release_that_a_person_brings_back_just_before_the_effect_keeps_its_tasks(
    scenario: Scenario, call: str
) -> None:
    """The person acts between the driver's decision and the lease's renewal for the effect."""
    mode, kind = ("warm", "Scale") if call.startswith("scale") else ("cold", "Retire")

    def act(what: str) -> None:
        if what == "lease" and scenario.head.candidate.version == "v2" and scenario.is_at(kind):
            scenario.ledger.before_write = lambda _: None
            by_hand(scenario, v1=100)

    scenario.ledger.before_write = act
    execution = scenario.deploy("v2", retention={"mode": mode})
    assert effects_on(scenario, "v1") == []
    assert scenario.live == {"v1": 100}
    ends_well(execution, scenario, "v1")


def test_a_hand_move_just_before_a_write_of_weights_is_not_overwritten(scenario: Scenario) -> None:
    """A person takes the traffic away between the driver's look and its write of the next weights."""

    def act(what: str) -> None:
        if what == "lease" and scenario.live.get("v2") == 10 and scenario.is_at("SetTraffic"):
            scenario.ledger.before_write = lambda _: None
            by_hand(scenario, v1=100)

    scenario.ledger.before_write = act
    execution = scenario.deploy("v2", strategy=CANARY)
    assert max(weights.get("v2", 0) for _, weights in scenario.writes) == 10
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


def test_a_clean_up_does_not_destroy_what_a_person_gave_traffic_during_its_drain(scenario: Scenario) -> None:
    keep: dict[str, object] = {"retention": {"mode": "hot", "keep": 3}}
    for version in ("v2", "v3"):
        scenario.deploy(version, **keep)
    scenario.cloud.calls.clear()
    done: list[bool] = []

    def act() -> None:
        if scenario.head.purpose == "gc" and not done:
            by_hand(scenario, v1=100)
            done.append(True)
        elif done and scenario.head.phase is Phase.PAUSED:
            scenario.clock.on_sleep = lambda: None
            operations.request_action(scenario.ports("v3"), RequestKind.ABORT, "")

    scenario.clock.on_sleep = act
    operations.collect(scenario.ports("v3", strategy=LONG_DRAIN, retention={"mode": "hot", "keep": 0}))
    assert effects_on(scenario, "v1") == []
    assert scenario.tasks["v1"] == CAPACITY


def test_a_failed_candidate_that_a_person_gives_traffic_during_its_drain_loses_it_and_drains_again(
    scenario: Scenario,
) -> None:
    last: list[float] = []

    def act() -> None:
        if scenario.live.get("v2") == 50:
            scenario.cloud.behaviour["v2"] = "crash"
        if scenario.head.rolling_back and scenario.is_at("Drain"):
            by_hand(scenario, v2=100)
        if scenario.live.get("v2"):
            last.append(scenario.clock.slept)

    def note(call: str) -> None:
        if call in ("scale v2 to 0", "destroy v2"):
            assert scenario.live == {"v1": 100}
            assert scenario.clock.slept - last[-1] >= 20

    scenario.clock.on_sleep, scenario.cloud.before_call = act, note
    execution = scenario.deploy("v2", strategy=CANARY)
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


def test_a_failed_candidate_that_a_person_gives_traffic_just_before_it_is_emptied_keeps_its_tasks(
    scenario: Scenario,
) -> None:
    emptied_with: list[dict[str, int]] = []

    def act(what: str) -> None:
        if what == "lease" and scenario.head.rolling_back and scenario.is_at("Scale"):
            scenario.ledger.before_write = lambda _: None
            by_hand(scenario, v2=100)

    def note(call: str) -> None:
        if call in ("scale v2 to 0", "destroy v2"):
            emptied_with.append(scenario.live)

    scenario.at(lambda: scenario.live.get("v2") == 50, lambda: scenario.cloud.behaviour.update(v2="crash"))
    scenario.ledger.before_write, scenario.cloud.before_call = act, note
    assert scenario.deploy("v2", strategy=CANARY).status is Status.ROLLED_BACK
    assert all("v2" not in weights for weights in emptied_with)


def test_a_rolling_deployment_does_not_shrink_a_baseline_that_got_more_traffic_by_hand(scenario: Scenario) -> None:
    scenario.at(lambda: scenario.live.get("v2") == 50, lambda: by_hand(scenario, v1=100))
    execution = scenario.deploy("v2", strategy=ROLLING)
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


@pytest.mark.parametrize("on_drift", ["stop", "restore"])
def test_a_hand_move_towards_the_candidate_is_never_followed(scenario: Scenario, on_drift: str) -> None:
    done: list[float] = []

    def act() -> None:
        if scenario.live.get("v2") == 10 and not done:
            done.append(scenario.clock.slept)
            by_hand(scenario, v1=20, v2=80)
        elif done and scenario.clock.slept - done[0] > 600 and on_drift == "stop":
            scenario.clock.on_sleep = lambda: None
            assert scenario.live == {"v1": 20, "v2": 80}, "nothing is written while a person must decide"
            operations.request_action(scenario.ports("v2"), RequestKind.RESTORE, "")

    scenario.clock.on_sleep = act
    execution = scenario.deploy("v2", strategy=CANARY, on_drift=on_drift)
    assert execution.status is Status.COMPLETED
    ends_well(execution, scenario, "v2")


@pytest.mark.parametrize("kind", [RequestKind.RESTORE, RequestKind.ACCEPT_LIVE])
def test_a_person_decides_what_a_hand_move_means(scenario: Scenario, kind: RequestKind) -> None:
    steps = [{"weight": 50}, {"pause": "60s"}]
    done: list[float] = []

    def act() -> None:
        if scenario.live.get("v2") == 50 and not done:
            done.append(scenario.clock.slept)
            by_hand(scenario, v1=25, v2=75)
        elif done and scenario.head.phase is Phase.PAUSED:
            scenario.clock.on_sleep = lambda: None
            operations.request_action(scenario.ports("v2"), kind, "")

    scenario.clock.on_sleep = act
    scenario.writes.clear()
    execution = scenario.deploy("v2", strategy=WAITS | {"kind": "canary", "canary": {"steps": steps}})
    assert execution.status is Status.COMPLETED
    written = [weights for _, weights in scenario.writes]
    fifty = {"v1": 50, "v2": 50}
    assert written == ([fifty, fifty, {"v2": 100}] if kind is RequestKind.RESTORE else [fifty, {"v2": 100}])
    ends_well(execution, scenario, "v2")


def test_a_restore_never_raises_the_candidate(scenario: Scenario) -> None:
    """Somebody moves traffic from the candidate to a release that is not the last good one."""
    keep: dict[str, object] = {"retention": {"mode": "hot", "keep": 3}}
    scenario.deploy("v0", **keep)
    done: list[float] = []

    def act() -> None:
        if scenario.live.get("v2") == 50 and not done:
            done.append(scenario.clock.slept)
            scenario.writes.clear()
            by_hand(scenario, v1=90, v2=10)
        elif done and scenario.clock.slept - done[0] > 600:
            scenario.clock.on_sleep = lambda: None
            operations.request_action(scenario.ports("v2"), RequestKind.ABORT, "")

    scenario.clock.on_sleep = act
    execution = scenario.deploy("v2", strategy=CANARY, on_drift="restore", **keep)
    assert execution.status is Status.ROLLED_BACK
    assert all("v2" not in weights for _, weights in scenario.writes)
    ends_well(execution, scenario, "v0")


# p19: a scale whose record was lost


@pytest.mark.parametrize("moment", ["before_write", "after_write"])
def test_a_kill_around_the_record_of_a_scale_leaves_the_truth(scenario: Scenario, moment: str) -> None:
    warm: dict[str, object] = {"retention": {"mode": "warm"}}

    def die(what: str) -> None:
        if what.startswith("outcome") and scenario.tasks.get("v1") == 0:
            raise Killed

    setattr(scenario.ledger, moment, die)
    scenario.die(lambda: scenario.deploy("v2", **warm))
    assert operations.resume(scenario.ports("v2", **warm)).status is Status.COMPLETED
    assert scenario.tasks == {"v1": 0, "v2": CAPACITY}
    assert scenario.deploy("v1", **warm).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v1")


def test_a_scale_is_not_done_before_ecs_shows_it(scenario: Scenario) -> None:
    """ECS forgets the call: the step is repeated, or the clean-up is a warning; it never counts as done."""
    warm: dict[str, object] = {"retention": {"mode": "warm"}}
    scale, lost = scenario.compute.scale, [True]

    def lose_one(outputs: object, count: int) -> None:
        if lost:
            lost.pop()
            return
        scale(outputs, count)  # type: ignore[arg-type]

    scenario.compute.scale = lose_one  # type: ignore[method-assign, assignment]
    execution = scenario.deploy("v2", **warm)
    assert execution.status is Status.COMPLETED
    assert scenario.tasks["v1"] == 0 or execution.warnings


@pytest.mark.parametrize("mode", ["warm", "cold"])
@pytest.mark.parametrize("how", ["rollback", "deploy"])
def test_a_release_without_tasks_gets_them_before_it_gets_traffic(scenario: Scenario, mode: str, how: str) -> None:
    settings: dict[str, object] = {"retention": {"mode": mode}}
    scenario.deploy("v2", **settings)
    healthy: list[int] = []
    write = scenario.cloud.write_weights

    def noted(allocation: object) -> None:
        write(allocation)  # type: ignore[arg-type]
        (name,) = [name for name in scenario.cloud.stacks if "-v1-" in name]
        healthy.append(scenario.cloud.target_states(name).count("healthy"))

    scenario.cloud.write_weights = noted  # type: ignore[method-assign]
    if how == "rollback":
        operations.rollback(scenario.ports("v2", **settings), None)
    else:
        scenario.deploy("v1", **settings)
    assert min(healthy) >= 1
    ends_well(scenario.head, scenario, "v1")


def test_a_margin_that_a_stop_cut_short_is_waited_by_the_next_driver(scenario: Scenario) -> None:
    """What `verify` waits for belongs to the step: a resume may not skip it."""
    strategy = WAITS | {"propagation_margin": "30s"}
    scenario.at(lambda: scenario.live == {"v2": 100}, raises(Interrupted("INTERRUPTED", "SIGTERM")))
    with pytest.raises(Interrupted):
        scenario.deploy("v2", strategy=strategy)
    assert scenario.states["v2"] is ReleaseState.READY
    waited: list[float] = []

    def measure() -> None:
        if scenario.is_at("SetTraffic"):
            waited.append(scenario.clock.monotonic())

    scenario.clock.on_sleep = measure
    operations.resume(scenario.ports("v2", strategy=strategy))
    in_a_row = [at for at in waited if at > waited[-1] - 31]
    assert in_a_row[-1] - in_a_row[0] >= 28
