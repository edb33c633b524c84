"""The reporter and the notifier run beside the driver: they can slow, stop or fail nothing."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from cutover.adapters.background import BackgroundNotifier, BackgroundReporter, beside
from cutover.cli.reporters import JsonReporter, PlainReporter
from cutover.domain import Execution, JournalEvent, Outcome, Verdict
from cutover.domain.execution import EventKind
from support.records_of_execution import event, execution

PATIENCE = 10.0


@dataclass
class Recorder:
    """A reporter and notifier that keeps the messages; each waits for `gate`, and `fails` may raise an error."""

    fails: Callable[[str], None] = lambda _: None
    gate: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    shown: list[str] = field(default_factory=list)

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        self._take(event.message if event else "head")

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        self._take(event.message)

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        self._take(verdict.reason)

    def _take(self, message: str) -> None:
        self.began.set()
        assert self.gate.wait(PATIENCE)
        self.fails(message)
        self.shown.append(message)


def opened(fails: Callable[[str], None] = lambda _: None) -> Recorder:
    recorder = Recorder(fails)
    recorder.gate.set()
    return recorder


def report(reporter: BackgroundReporter, message: str, kind: EventKind = "outcome") -> None:
    reporter.progress(execution(), event(kind, message))


def test_messages_arrive_in_order_and_the_last_ones_before_the_context_ends() -> None:
    shown, sent = opened(), opened()
    with beside(shown, sent) as (reporter, notifier):
        for number in range(100):
            report(reporter, f"event {number}")
            reporter.verdict(execution(), Verdict(gate="cpu", verdict=Outcome.PASS, reason=f"verdict {number}"))
            notifier.notify(execution(), event("outcome", f"message {number}"))
    assert shown.shown == [f"{kind} {number}" for number in range(100) for kind in ("event", "verdict")]
    assert sent.shown == [f"message {number}" for number in range(100)]


def test_a_reporter_and_a_notifier_that_hang_delay_neither_the_driver_nor_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    shown, sent = Recorder(), Recorder()
    with beside(shown, sent, close_seconds=0.05) as (reporter, notifier):
        for number in range(3000):
            report(reporter, f"event {number}")
            notifier.notify(execution(), event("outcome", f"message {number}"))
    shown.gate.set()
    sent.gate.set()
    sys.stdout.close()


def test_the_end_is_not_dropped_when_too_many_messages_wait(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    reporter = BackgroundReporter(recorder, most_waiting=3)
    report(reporter, "first")
    assert recorder.began.wait(PATIENCE)
    report(reporter, "end", "finished")
    for number in range(10):
        report(reporter, f"event {number}")
    recorder.gate.set()
    reporter.close(PATIENCE)
    assert recorder.shown == ["first", "end", "event 8", "event 9"]
    assert reporter.dropped == 8
    assert "the reporter was too slow: 8 messages were lost" in caplog.text


def test_a_queue_of_ends_alone_stays_bounded() -> None:
    recorder = Recorder()
    notifier = BackgroundNotifier(recorder, most_waiting=2)
    for number in range(6):
        notifier.notify(execution(), event("finished", f"end {number}"))
        assert recorder.began.wait(PATIENCE)
    recorder.gate.set()
    notifier.close(PATIENCE)
    assert recorder.shown == ["end 0", "end 4", "end 5"]


def test_an_error_is_logged_once_for_each_kind_and_the_next_message_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    def fails(message: str) -> None:
        if message != "good":
            raise {"key": KeyError, "value": ValueError, "exit": SystemExit}[message](message)

    recorder = opened(fails)
    notifier = BackgroundNotifier(recorder)
    for message in ("key", "value", "key", "value", "exit", "exit", "good"):
        notifier.notify(execution(), event("outcome", message))
    notifier.close(PATIENCE)
    assert recorder.shown == ["good"]
    assert [record.getMessage().count("the deployment continues") for record in caplog.records] == [1, 1, 1]


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left"), SystemExit(1)])
def test_an_output_that_fails_ends_and_the_driver_continues(error: BaseException) -> None:
    def fails(message: str) -> None:
        if message == "event 1":
            raise error

    recorder = opened(fails)
    reporter = BackgroundReporter(recorder)
    for number in range(5):
        report(reporter, f"event {number}")
    reporter.close(PATIENCE)
    report(reporter, "after the end")
    assert recorder.shown == ["event 0"]


def test_a_message_after_the_context_is_ignored() -> None:
    recorder = opened()
    with beside(recorder, recorder) as (reporter, _):
        pass
    report(reporter, "late")
    assert recorder.shown == []


class FullDisk(io.StringIO):
    """Takes two lines; then it fails as `error` says."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, text: str) -> int:
        if self.getvalue().count("\n") == 2:
            raise self._error
        return super().write(text)


@pytest.mark.parametrize("reporter_type", [JsonReporter, PlainReporter])
@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")])
def test_lines_end_with_the_first_one_that_cannot_be_written(
    reporter_type: type[JsonReporter | PlainReporter], error: OSError, caplog: pytest.LogCaptureFixture
) -> None:
    out = FullDisk(error)
    reporter = reporter_type(out)
    for number in range(5):
        reporter.progress(execution(), event("outcome", f"event {number}"))
    assert out.getvalue().count("\n") == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"the output ends here ({error.strerror}), and the deployment continues"
    ]


def test_lines_of_json_are_whole_and_in_order() -> None:
    out = io.StringIO()
    with beside(JsonReporter(out), opened()) as (reporter, _):
        for number in range(50):
            report(reporter, f"event {number}\nnext line")
    print(json.dumps({"status": "COMPLETED"}), file=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line.get("message") for line in lines] == [*(f"event {n}\nnext line" for n in range(50)), None]


def test_the_live_tree_is_drawn_by_the_thread_and_is_complete_at_the_end() -> None:
    from cutover.cli.tree import TreeReporter

    out = io.StringIO()
    with (
        TreeReporter(Console(file=out, force_terminal=True, width=100), lambda: execution().updated_at) as tree,
        beside(tree, opened()) as (reporter, _),
    ):
        reporter.progress(execution(), event("outcome"))
    assert "deploy prod-v2-bbbbbbbb by canary" in out.getvalue()


def test_a_tree_whose_terminal_is_gone_does_not_change_the_result() -> None:
    from cutover.cli.tree import TreeReporter

    class Gone(io.StringIO):
        gone = False

        def write(self, text: str) -> int:
            if self.gone:
                raise OSError(5, "Input/output error")
            return super().write(text)

    out = Gone()
    with (
        TreeReporter(Console(file=out, force_terminal=True, width=100), lambda: execution().updated_at) as tree,
        beside(tree, opened()) as (reporter, _),
    ):
        out.gone = True
        reporter.progress(execution(), event("outcome"))


DRIVER = """
import json, sys
from cutover.adapters.background import beside
from cutover.cli.reporters import JsonReporter
from support.records_of_execution import event, execution
from support.fakes.notifier import FakeNotifier

with beside(JsonReporter(), FakeNotifier(), close_seconds=0.2) as (reporter, _):
    for number in range(2000):
        reporter.progress(execution(), event("outcome", str(number)))
print(json.dumps({"status": "ROLLED_BACK"}), flush=True)
sys.exit(5)
"""


@contextmanager
def a_driver(unbuffered: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process that reports more than a pipe holds, prints a status, and exits with code 5."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process


def test_a_reader_that_closes_the_pipe_does_not_change_the_exit_code() -> None:
    with a_driver() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["message"] == "0"
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(PATIENCE) == 5
    # On a busy machine the queue may have been full before the reader closed the pipe; that is reported after it.
    assert errors.splitlines()[0] == "the output ends here (Broken pipe), and the deployment continues"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_takes_nothing_neither_keeps_the_process_nor_gets_lines_out_of_order(unbuffered: str) -> None:
    with a_driver(unbuffered) as process:
        assert process.wait(PATIENCE) == 5
        out, errors = process.communicate()
    assert errors.startswith("the reporter was too slow")
    assert len(errors.splitlines()) == 1
    numbers = [int(json.loads(line)["message"]) for line in out.splitlines()]
    # The queue drops its oldest lines when it is full, so there may be a gap.
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))


def test_a_reader_that_keeps_up_gets_the_status_as_the_last_line() -> None:
    with a_driver() as process:
        out, _ = process.communicate(timeout=PATIENCE)
    *lines, status = [json.loads(line) for line in out.splitlines()]
    numbers = [int(line["message"]) for line in lines]
    assert numbers == sorted(numbers)
    assert status == {"status": "ROLLED_BACK"}
