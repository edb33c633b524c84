"""The verbs for people while an execution runs or is stuck: what they record, print and return."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutover import operations
from cutover.cli import abort, history, releases, resume
from cutover.cli.common import finish
from cutover.cli.context import Context
from cutover.cli.main import app
from cutover.cli.releases import release_object
from cutover.domain import Execution, Status
from cutover.domain.errors import Exit, Interrupted
from cutover.ports import Ports
from support.executions import newest, release
from support.fakes import InMemoryEnvironment

CANARY = {"kind": "canary", "canary": {"steps": [{"weight": 20}, {"pause": "60s"}]}, "bake": "5s", "drain": "5s"}
PLAIN, JSON = (Context(environment="prod", json=as_json, project=Path()) for as_json in (False, True))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> InMemoryEnvironment:
    """An environment whose ports the verbs open; v1 has all traffic."""
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))

    @contextmanager
    def ports(*_: object) -> Iterator[Ports]:
        yield environment.driver("v2", strategy=CANARY)

    for module in (abort, resume):
        monkeypatch.setattr(module, "open_ports", ports)
    config = environment.driver("v2").config
    monkeypatch.setattr(Context, "config", lambda _: config)
    monkeypatch.setattr(history, "open_ledger", lambda _: environment.ledger)
    monkeypatch.setattr(releases, "open_ledger", lambda _: environment.ledger)
    monkeypatch.setattr(releases, "open_compute", lambda _: environment.compute)
    return environment


def stopped(environment: InMemoryEnvironment) -> Execution:
    """A canary of v2 with 20 % of the traffic, whose driver has stopped."""
    environment.clock.stop_after = environment.clock.slept + 40
    with pytest.raises(Interrupted):
        operations.deploy(environment.driver("v2", strategy=CANARY))
    assert environment.weight_of("v2") == 20
    return newest(environment)


def change_by_hand(environment: InMemoryEnvironment, **percents: int) -> None:
    environment.cloud.weights = {f"tg/{release(environment, v).ref.release}": p for v, p in percents.items()}


@pytest.mark.parametrize(
    ("verb", "share"), [(resume.accept_live, {20, 40, 100}), (resume.restore, {20, 100})], ids=["accept", "restore"]
)
def test_a_person_answers_a_drift_that_stopped_the_driver(
    environment: InMemoryEnvironment, verb: object, share: set[int]
) -> None:
    stopped(environment)
    change_by_hand(environment, v1=60, v2=40)
    assert verb(PLAIN, "checked by hand") == Exit.OK  # type: ignore[operator]
    assert newest(environment).status is Status.COMPLETED
    new = release(environment, "v2").ref.release
    assert {change.after.get(new) for change in environment.ledger.weight_changes(9)} - {None} == share


def test_an_abort_of_an_execution_without_a_driver_rolls_back_and_says_so(
    environment: InMemoryEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    head = stopped(environment)
    assert abort.run(PLAIN, "enough") == Exit.ROLLED_BACK
    assert capsys.readouterr().out == f"execution {head.execution_id} is ROLLED_BACK\n"


def test_an_abort_that_a_running_driver_has_read_is_only_recorded(
    environment: InMemoryEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    head = stopped(environment)
    lease = environment.ledger.take("another driver", environment.ledger.lease())
    environment.clock.on_sleep = lambda: environment.ledger.count_renewal(lease)
    assert abort.run(PLAIN, "enough") == Exit.OK
    out = capsys.readouterr().out
    assert f"recorded: abort of {head.execution_id}" in out
    assert environment.ledger.control(head.execution_id).abort is not None


def test_an_abort_with_take_over_rolls_back_at_once_although_another_driver_has_the_lease(
    environment: InMemoryEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped(environment)
    environment.ledger.take("a driver that hangs", environment.ledger.lease())
    assert abort.take_over(JSON, "the driver hangs") == Exit.ROLLED_BACK
    status = json.loads(capsys.readouterr().out)
    assert (status["status"], status["error"]["code"]) == ("ROLLED_BACK", "ABORTED")


def test_the_history_of_weights_has_each_write_with_both_values_author_and_reason(
    environment: InMemoryEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped(environment)
    assert history.weights(JSON, 9) == Exit.OK
    newest_first = json.loads(capsys.readouterr().out)
    old, new = (release(environment, version).ref.release for version in ("v1", "v2"))
    assert [change["after"] for change in newest_first] == [{new: 20, old: 80}, {old: 100}]
    assert (newest_first[0]["before"], newest_first[0]["by"]) == ({old: 100}, "alice")
    assert history.weights(PLAIN, 1) == Exit.OK
    assert f"{old} 100 %" in " ".join(capsys.readouterr().out.split()).replace("│", "")


@pytest.mark.parametrize(
    ("version", "desired", "state"),
    [("v2", 2, "SERVING"), ("v1", 2, "STANDBY"), ("v1", 0, "SCALED_TO_ZERO"), ("v1", None, "STANDBY")],
)
def test_the_state_of_a_release_follows_from_its_traffic_and_its_tasks(
    environment: InMemoryEnvironment, version: str, desired: int | None, state: str
) -> None:
    operations.deploy(environment.driver("v2"))
    shown = release_object(release(environment, version), environment.ledger.allocation(), desired)
    assert (shown["state"], shown["desired_count"]) == (state, desired)


def test_the_list_of_releases_asks_ecs_for_their_tasks(
    environment: InMemoryEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    operations.deploy(environment.driver("v2", retention={"mode": "warm"}))
    assert releases.run(JSON, 9) == Exit.OK
    rows = {row["version"]: row for row in json.loads(capsys.readouterr().out)}
    assert {version: (row["state"], row["desired_count"]) for version, row in rows.items()} == {
        "v1": ("SCALED_TO_ZERO", 0),
        "v2": ("SERVING", 2),
    }


def test_a_success_with_a_failed_clean_up_names_what_is_left(
    environment: InMemoryEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    head = newest(environment).model_copy(update={"warnings": ("destroy prod-v0 failed: AccessDenied",)})
    assert finish(PLAIN, head) == Exit.OK
    assert "! destroy prod-v0 failed: AccessDenied; `cutover gc` tries again" in capsys.readouterr().out


def test_a_person_cannot_accept_and_restore_at_once() -> None:
    result = CliRunner().invoke(app, ["-e", "prod", "resume", "--accept-live", "--restore"])
    assert result.exit_code == Exit.INVALID
    assert "exclude each other" in " ".join(result.output.replace("│", "").split())
