"""Records keep their meaning when cutover and its configuration change, and cost the same whatever their number."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from cutover import operations
from cutover.domain import Control, GoodReleases, Manifest, ReleaseState, Request, RequestKind, Status
from cutover.domain.control import RECENT
from cutover.domain.errors import Refused
from cutover.domain.execution import broken_link
from cutover.domain.good import MOST
from cutover.domain.release import Release, ReleaseRef
from support.fakes import config_for, manifest_for
from support.scenario import CANARY, WAITS, Scenario, ends_well, version_of

COLD: dict[str, object] = {"retention": {"mode": "cold"}}
LARGEST_EVENT = 4096
"""Bytes. The plan of an execution is not among them."""


@pytest.fixture
def scenario() -> Scenario:
    """One release that succeeded."""
    scenario = Scenario()
    scenario.deploy("v1", **COLD)
    return scenario


# p18: identity is stored


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> object:
    """The next version of cutover computes other digests from the same manifests."""

    def upgrade() -> None:
        before = Manifest.digest.fget  # type: ignore[attr-defined]
        monkeypatch.setattr(Manifest, "digest", property(lambda self: before(self)[::-1]))

    return upgrade


def test_a_release_that_an_older_version_recorded_is_retired_by_its_recorded_name(
    scenario: Scenario, next_version: object
) -> None:
    (name,) = scenario.cloud.stacks
    next_version()  # type: ignore[operator]
    assert scenario.ledger.all_releases[name].manifest.ref.release != name
    assert scenario.deploy("v2", **COLD).status is Status.COMPLETED
    assert name not in scenario.cloud.stacks
    assert scenario.states["v1"] is ReleaseState.RETIRED
    ends_well(scenario.head, scenario, "v2")


def test_a_rollback_creates_a_cold_release_of_an_older_version_under_its_recorded_name(
    scenario: Scenario, next_version: object
) -> None:
    (name,) = scenario.cloud.stacks
    scenario.deploy("v2", **COLD)
    next_version()  # type: ignore[operator]
    assert operations.rollback(scenario.ports("v2", **COLD), "v1").status is Status.COMPLETED
    assert name in scenario.cloud.stacks
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("percent", [10, 50, 100])
def test_an_execution_that_an_older_version_began_is_finished_by_the_next_one(
    scenario: Scenario, next_version: object, percent: int
) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == percent)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY, **COLD))
    next_version()  # type: ignore[operator]
    assert operations.resume(scenario.ports("v2", strategy=CANARY, **COLD)).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")
    assert {version_of(name) for name in scenario.cloud.stacks} == {"v2"}


def test_an_execution_that_an_older_version_began_is_rolled_back_by_the_next_one(
    scenario: Scenario, next_version: object
) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == 50)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY, **COLD))
    next_version()  # type: ignore[operator]
    assert operations.abort(scenario.ports("v2", strategy=CANARY, **COLD)).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")
    assert {version_of(name) for name in scenario.cloud.stacks} == {"v1"}


def test_a_retry_deploys_the_release_under_the_name_that_is_recorded(scenario: Scenario, next_version: object) -> None:
    scenario.cloud.behaviour["v2"] = "crash"
    failed = scenario.deploy("v2", **COLD)
    scenario.cloud.behaviour["v2"] = "good"
    next_version()  # type: ignore[operator]
    assert operations.retry(scenario.ports("v2", **COLD), None).candidate == failed.candidate
    ends_well(scenario.head, scenario, "v2")


# p23: what judges an execution is pinned with its plan


def errors_at_most(percent: int, name: str = "errors") -> dict[str, object]:
    metric = {"preset": "error-rate", "at_most": percent, "interval": "10s", "minimum_requests": 1, "delay": "0s"}
    return {"metrics": {name: metric}}


CHANGED_FILES: dict[str, dict[str, object]] = {
    "the same file": {"gates": errors_at_most(1)},
    "a higher limit": {"gates": errors_at_most(50)},
    "another name": {"gates": errors_at_most(1, "failures")},
    "no gate": {"gates": {}},
    "a dry run": {"gates": {"metrics": {"errors": errors_at_most(1)["metrics"]["errors"] | {"dry_run": True}}}},  # type: ignore[index]
    "no bake": {"gates": errors_at_most(1), "strategy": CANARY | {"bake": "0s"}},
    "another strategy": {"gates": errors_at_most(1), "strategy": WAITS},
}


def killed_at_10_percent(scenario: Scenario) -> None:
    scenario.cloud.values = {("v2", "RequestCount"): 1000.0, ("v2", "HTTPCode_Target_5XX_Count"): 0.0}
    scenario.kill_at(lambda: scenario.live.get("v2") == 10 and scenario.is_at("Bake"))
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY, gates=errors_at_most(1)))


@pytest.mark.parametrize("file", CHANGED_FILES)
def test_a_resume_judges_by_the_limits_of_the_start_whatever_the_file_says_now(scenario: Scenario, file: str) -> None:
    killed_at_10_percent(scenario)
    scenario.cloud.values[("v2", "HTTPCode_Target_5XX_Count")] = 300.0
    changed: dict[str, object] = {"strategy": CANARY} | CHANGED_FILES[file]
    execution = operations.resume(scenario.ports("v2", **changed))
    assert execution.status is Status.ROLLED_BACK
    assert execution.error is not None
    assert "errors gate" in execution.error.message
    ends_well(execution, scenario, "v1")


@pytest.mark.parametrize("file", CHANGED_FILES)
def test_a_changed_file_does_not_make_a_resume_roll_back(scenario: Scenario, file: str) -> None:
    killed_at_10_percent(scenario)
    changed: dict[str, object] = {"strategy": CANARY} | CHANGED_FILES[file]
    assert operations.resume(scenario.ports("v2", **changed)).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def hooked(url: str) -> dict[str, object]:
    return {"smoke": {"at": "AfterAllowTraffic", "webhook": {"url": url, "secret_variable": "TOKEN"}}}


@pytest.mark.parametrize("verb", ["abort", "resume of a rollback", "resume"])
def test_a_webhook_that_moved_stops_a_deployment_with_a_sentence_and_a_rollback_never(
    scenario: Scenario, verb: str
) -> None:
    secret = "https://hooks.example/T0KEN"
    scenario.kill_at(lambda: scenario.live.get("v2") == 10)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY, hooks=hooked(secret)))
    assert "T0KEN" not in scenario.head.model_dump_json()
    moved = scenario.ports("v2", strategy=CANARY, hooks=hooked("https://hooks.example/other"))
    if verb == "resume":
        with pytest.raises(Refused) as refused:
            operations.resume(moved)
        assert "T0KEN" not in refused.value.message
        assert scenario.live == {"v1": 90, "v2": 10}
        return
    if verb != "abort":
        operations.request_action(moved, RequestKind.ABORT, "")
    execution = operations.abort(moved) if verb == "abort" else operations.resume(moved)
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


@pytest.mark.parametrize("field", ["plan", "settings"])
def test_a_record_that_somebody_changed_is_refused(scenario: Scenario, field: str) -> None:
    killed_at_10_percent(scenario)
    head = scenario.head
    changed: dict[str, object] = {
        "plan": head.plan.model_copy(update={"steps": head.plan.steps[-1:]}),
        "settings": head.settings.replace('"at_most":1', '"at_most":9'),
    }
    scenario.ledger.heads[head.execution_id] = head.model_copy(update={field: changed[field]})
    with pytest.raises(Refused, match="changed"):
        operations.resume(scenario.ports("v2", strategy=CANARY))


# p27: the cost of an execution does not grow with history


class Counted:
    """A ledger that counts its calls and what they return."""

    def __init__(self, ledger: object) -> None:
        self._ledger = ledger
        self.calls: Counter[str] = Counter()
        self.returned = 0

    def __getattr__(self, name: str) -> object:
        value = getattr(self._ledger, name)
        if not callable(value):
            return value

        def call(*args: object) -> object:
            self.calls[name] += 1
            result = value(*args)
            if isinstance(result, tuple) and result and isinstance(result[0], Release):
                self.returned += len(result)
            return result

        return call


def retired(number: int) -> Release:
    manifest = manifest_for(config_for(f"old{number}"))
    name = f"prod-old{number}-{number:08}"
    ref = ReleaseRef(release=name, version=f"old{number}", digest=f"{number:064}")
    created_at = Scenario().clock.now()
    return Release(ref=ref, manifest=manifest, state=ReleaseState.RETIRED, created_at=created_at)


def cost(history: int, end: str) -> tuple[Counter[str], int]:
    """The calls of the ledger, and the releases that they return, of one execution after `history` releases."""
    scenario = Scenario()
    scenario.deploy("v1")
    scenario.deploy("v2")
    scenario.ledger.all_releases |= {release.ref.release: release for release in map(retired, range(history))}
    ledger = Counted(scenario.ledger)
    ports = replace(scenario.ports("v3"), ledger=ledger)  # type: ignore[arg-type]
    match end:
        case "success":
            operations.deploy(ports)
        case "failure":
            scenario.cloud.behaviour["v3"] = "crash"
            operations.deploy(ports)
        case "rollback":
            operations.rollback(ports, None)
        case "drill":
            operations.drill(ports)
        case _:
            operations.collect(replace(ports, config=scenario.ports("v3", retention={"keep": 0}).config))
    return ledger.calls, ledger.returned


@pytest.mark.parametrize("end", ["success", "failure", "rollback", "drill", "clean-up"])
def test_an_execution_costs_the_same_after_a_hundred_and_after_a_thousand_releases(end: str) -> None:
    """A clean-up looks at the newest hundred: they may pin versions of secrets that no release needs any more."""
    assert cost(100, end) == cost(1000, end)


@pytest.mark.parametrize("end", ["success", "failure", "rollback", "drill", "clean-up"])
def test_no_execution_reads_a_journal(end: str) -> None:
    calls, _ = cost(0, end)
    assert not calls.keys() & {"journal", "weight_changes"}


# p28: no record grows without a limit


def long_execution() -> Scenario:
    scenario = Scenario()
    metric = {"preset": "error-rate", "at_most": 99, "interval": "10s", "delay": "0s"}
    gates = {"metrics": {f"a-metric-with-a-long-name-{number:02}": metric for number in range(10)}}
    strategy = WAITS | {"kind": "linear", "linear": {"percent": 1, "interval": "5s"}}
    scenario.deploy("v1")
    scenario.cloud.values = {("v2", "RequestCount"): 1000.0}
    scenario.deploy("v2", strategy=strategy, gates=gates)
    return scenario


def test_an_event_does_not_carry_the_plan() -> None:
    scenario = long_execution()
    head = scenario.head
    assert len(head.plan.steps) > 200
    sizes = [len(event.model_dump_json()) for event in scenario.ledger.events[head.execution_id]]
    assert max(sizes) < LARGEST_EVENT
    without_plan = head.model_copy(update={"plan": head.plan.model_copy(update={"steps": ()}), "settings": "{}"})
    assert len(without_plan.model_dump_json()) < 3 * LARGEST_EVENT


def test_the_plan_of_an_execution_does_not_change_between_its_events() -> None:
    """So a ledger can store it once; it is written again only for the way back."""
    scenario = Scenario()
    scenario.deploy("v1")
    scenario.at(lambda: scenario.live.get("v2") == 50, lambda: scenario.cloud.behaviour.update(v2="crash"))
    execution = scenario.deploy("v2", strategy=CANARY)
    heads = [head for head in scenario.reporter.heads if head.execution_id == execution.execution_id]
    hashes = [head.plan_hash for head in heads]
    assert len(set(hashes)) == 3, "the deployment, the turn, and the rest of the rollback"
    assert len([1 for first, second in pairwise(hashes) if first != second]) == 2


def test_the_control_item_keeps_only_the_last_requests(scenario: Scenario) -> None:
    control = Control(execution_id="prod-2")
    for number in range(10 * RECENT):
        kind = RequestKind.PAUSE if number % 2 else RequestKind.RESUME
        request = Request(kind=kind, step_index=0, by="alice", at=scenario.clock.now())
        control = control.with_request(request)
    assert len(control.recent) == RECENT
    assert control.version == 10 * RECENT


def test_the_stack_of_good_releases_keeps_only_the_last_names() -> None:
    good = GoodReleases()
    for number in range(10 * MOST):
        good = good.pushed(f"prod-{number}")
    assert len(good.names) == MOST
    assert good.last == f"prod-{10 * MOST - 1}"


def test_the_journal_is_a_chain_without_a_gap_through_kills_and_lost_answers(scenario: Scenario) -> None:
    for percent in (10, 50):
        scenario.kill_at(lambda percent=percent: scenario.live.get("v2") == percent)  # type: ignore[misc]
        go = operations.resume if percent == 50 else operations.deploy
        scenario.die(lambda go=go: go(scenario.ports("v2", strategy=CANARY)))  # type: ignore[misc]
    operations.resume(scenario.ports("v2", strategy=CANARY))
    events = scenario.ledger.events[scenario.head.execution_id]
    assert broken_link(events) is None
    changed = [event.model_copy(update={"message": "nothing"}) if event.seq == 3 else event for event in events]
    assert broken_link(changed) == 4


def test_every_write_of_weights_is_an_event_with_what_was_before(scenario: Scenario) -> None:
    for version in ("v2", "v3"):
        scenario.deploy(version, strategy=CANARY)
    operations.drill(scenario.ports("v3"))
    operations.rollback(scenario.ports("v3"), None)
    changes = list(reversed(scenario.ledger.weight_changes(1000)))
    assert all(later.before == earlier.after for earlier, later in pairwise(changes))
    recorded = [{version_of(name): percent for name, percent in change.after.items()} for change in changes]
    written = [weights for _, weights in scenario.writes]
    assert [weights for weights in written if weights not in recorded] == []
    assert changes[-1].after == {scenario.ledger.good().last: 100}
    assert all(change.by and change.reason and change.execution_id for change in changes)
