"""The pure parts of the command line: options, what a person sees, and what a pipeline reads."""

import io
import json
import re
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from cutover.adapters.stacks.failures import reason_of, translate
from cutover.cli.common import exit_code, finish, run
from cutover.cli.context import Context
from cutover.cli.main import complete_hint, options_first
from cutover.cli.progress import Progress, sparkline
from cutover.cli.reporters import JsonReporter
from cutover.cli.status_object import current_status, status_object
from cutover.cli.tree import draw
from cutover.domain import Allocation, Execution, JournalEvent, Status
from cutover.domain.duration import duration
from cutover.domain.errors import Exit, Interrupted, PreflightFailed, StepFailed, TransientFailure
from cutover.execution.handlers.registry import least_seconds
from cutover.operations import deploy, prepare
from support.fakes import InMemoryEnvironment, config_for


@pytest.fixture
def executed() -> Execution:
    environment = InMemoryEnvironment()
    deploy(environment.driver("v1"))
    execution = deploy(environment.driver("v2"))
    assert execution is not None
    return execution


def failed() -> Execution:
    environment = InMemoryEnvironment()
    deploy(environment.driver("v1"))
    environment.cloud.behaviour["v2"] = "crash"
    execution = deploy(environment.driver("v2"))
    assert execution is not None
    return execution


def drawn(execution: Execution) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(draw(execution, execution.updated_at + timedelta(seconds=5)))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("option", ["--json", "--debug"])
def test_json_and_debug_work_before_and_after_the_verb(option: str) -> None:
    assert options_first([option, "-e", "x", "status"]) == [option, "-e", "x", "status"]
    assert options_first(["-e", "x", "status", option]) == [option, "-e", "x", "status"]


def test_the_order_of_other_options_does_not_change() -> None:
    assert options_first(["-e", "x", "status", "--watch"]) == ["-e", "x", "status", "--watch"]


@pytest.mark.parametrize(
    ("hint", "completed"),
    [
        ("cutover resume", "cutover -e prod resume"),
        ("cutover -e other resume", "cutover -e other resume"),
        ("make setup", "make setup"),
        ("cutover local up", "cutover local up"),
        ("", ""),
    ],
)
def test_the_next_command_names_the_environment(hint: str, completed: str) -> None:
    assert complete_hint(hint, ["-e", "prod", "deploy"]) == completed


@pytest.mark.parametrize("form", [["-e", "prod"], ["-eprod"], ["--environment", "prod"], ["--environment=prod"]])
def test_the_next_command_names_the_environment_for_every_form_of_the_option(form: list[str]) -> None:
    assert complete_hint("cutover resume", [*form, "deploy"]) == "cutover -e prod resume"


def test_without_an_environment_the_next_command_does_not_change() -> None:
    assert complete_hint("cutover resume", ["deploy", "-e"]) == "cutover resume"


def test_with_nothing_to_do_the_last_line_of_json_is_the_status_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = InMemoryEnvironment()
    deploy(environment.driver("v1"))
    monkeypatch.setattr("cutover.cli.common.open_ports", lambda *_: nullcontext(environment.driver("v1")))
    assert run(Context(environment="prod", json=True, project=Path()), deploy, "nothing to do") == Exit.OK
    event, status = map(json.loads, capsys.readouterr().out.splitlines())
    assert (event["event"], status["status"], status["candidate"]["version"]) == ("nothing-to-do", "COMPLETED", "v1")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0 s"), (0.85, "850 ms"), (12.0, "12 s"), (200.0, "3 min 20 s"), (120.0, "2 min"), (7500.0, "2 h 5 min")],
)
def test_durations_are_printed_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("status", "code"),
    [(Status.COMPLETED, Exit.OK), (Status.ROLLED_BACK, Exit.ROLLED_BACK), (Status.FAILED, Exit.NEEDS_OPERATOR)],
)
def test_a_rollback_is_never_a_success(executed: Execution, status: Status, code: Exit) -> None:
    assert exit_code(executed.model_copy(update={"status": status})) is code


def test_nothing_to_do_is_a_success() -> None:
    assert exit_code(None) is Exit.OK


def test_the_status_object_has_the_keys_that_pipelines_rely_on(executed: Execution) -> None:
    expected = {
        "application", "environment", "execution_id", "status", "phase", "strategy", "step", "candidate", "baseline",
        "traffic", "verdicts", "error", "started_at", "updated_at", "completed_at",
    }  # fmt: skip
    assert expected <= status_object(executed).keys()
    assert json.loads(json.dumps(status_object(executed)))["candidate"]["version"] == "v2"


def test_before_the_first_execution_the_status_object_has_the_same_keys(executed: Execution) -> None:
    before = current_status(config_for("v1"), None, Allocation())
    assert before.keys() == status_object(executed).keys()
    assert before["status"] is None


def test_the_tree_shows_weights_and_every_step(executed: Execution) -> None:
    text = drawn(executed)
    assert "100 %  v2" in text
    assert text.count("✔") == len(executed.plan.steps)


def test_the_tree_of_a_failure_ends_with_its_reason() -> None:
    execution = failed()
    assert execution.error is not None
    assert execution.error.message[:60] in drawn(execution)


def test_each_event_is_printed_at_once_as_a_line_of_json(executed: Execution) -> None:
    out = io.StringIO()
    event = JournalEvent(
        execution_id=executed.execution_id, seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), kind="outcome",
        status=executed.status, phase=executed.phase, step_index=0, step_kind=None, message="m", fence=1,
    )  # fmt: skip
    JsonReporter(out).progress(executed, event)
    assert json.loads(out.getvalue())["event"] == "outcome"


def test_a_preview_counts_the_waits_of_the_plan() -> None:
    environment = InMemoryEnvironment()
    # Two intervals of 5 s between three health checks, 5 s of margin and 30 s of bake.
    assert least_seconds(prepare(environment.driver("v1")).plan) == 45.0


PULUMI = """
Diagnostics:
  pulumi:pulumi:Stack (cutover-prod):
    error: update failed

  aws:ecs:Service (shop-service):
    error: ClientException: no such cluster
"""


def test_the_reason_of_a_failed_update_is_the_resources_own() -> None:
    assert reason_of(PULUMI) == "aws:ecs:Service shop-service: ClientException: no such cluster"


def test_a_throttled_update_is_transient_and_a_refused_one_is_not() -> None:
    assert isinstance(translate("s", "error: ThrottlingException: Rate exceeded"), TransientFailure)
    assert isinstance(translate("s", PULUMI), StepFailed)


def test_without_a_backend_the_preflight_fails_with_the_command_that_names_one() -> None:
    output = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
    error = translate("s", output)
    assert (type(error), error.code, error.hint) == (PreflightFailed, "BACKEND_MISSING", "pulumi login")


def test_the_tree_shows_times_health_and_the_last_measurements_of_each_gate() -> None:
    environment = InMemoryEnvironment()
    gates = {"metrics": {"errors": {"preset": "error-rate", "at_most": 50, "delay": "0s", "interval": "10s"}}}
    for count, version in enumerate(("v1", "v2")):
        environment.cloud.values |= {
            (version, "RequestCount"): 100.0,
            (version, "HTTPCode_Target_5XX_Count"): 10.0 * count,
        }
    deploy(environment.driver("v1"))
    strategy = {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"approve": {"timeout": "1h"}}]}}
    environment.clock.stop_after = environment.clock.slept + 200
    with pytest.raises(Interrupted):
        deploy(environment.driver("v2", strategy=strategy, gates=gates))
    execution = environment.ledger.latest_execution()
    assert execution is not None
    progress = Progress()
    for event in environment.ledger.journal(execution.execution_id):
        progress.event(event)
    driver = environment.driver("v2", gates=gates)
    progress.measurements(driver.config.gates, environment.ledger.measurements(execution.execution_id))
    progress.health = {execution.candidate.release: (2, 2)}
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(draw(execution, environment.clock.now(), progress))
    text = console.export_text()
    assert re.search(r"✔ create \S+ with 2 tasks  \[\d", text)
    assert "2/2 healthy" in text
    waiting = r"wait for a person to promote v2, at most 1 h, then abort  \[.*, until \d\d:\d\d:\d\d UTC\]"
    assert re.search(waiting, text)
    assert re.search(r"errors: 10 %.*▁{5,}", text)


@pytest.mark.parametrize(
    ("values", "shown"), [([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([5, 5], "▁▁"), ([0, 100], "▁█")]
)
def test_a_sparkline_goes_from_the_lowest_to_the_highest(values: list[float], shown: str) -> None:
    assert sparkline(values) == shown


def test_help_loads_no_library_but_typer() -> None:
    program = "import sys, cutover.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {"typer", "cutover.cli.verbs"} <= set(loaded)
    assert not {"boto3", "botocore", "pulumi", "pydantic", "rich", "ruamel.yaml", "scipy"} & set(loaded)


class ClosedPipe:
    """A stdout whose reader has gone."""

    def __init__(self, descriptor: int) -> None:
        self.fileno = lambda: descriptor

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_reader_that_closes_the_pipe_before_the_last_line_does_not_change_the_exit_code(
    executed: Execution, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, as_json: bool
) -> None:
    with (tmp_path / "stdout").open("w") as file:
        monkeypatch.setattr(sys, "stdout", ClosedPipe(file.fileno()))
        code = finish(Context(environment="prod", json=as_json, project=tmp_path), executed)
    assert code is exit_code(executed)
