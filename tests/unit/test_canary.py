"""Promise 24: no secret is printed, logged, recorded or sent: the test searches all of it for secret strings."""

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from rich.console import Console

from cutover.adapters.background import beside
from cutover.adapters.hooks.registry import UserHooks
from cutover.adapters.metrics.prometheus import read_prometheus
from cutover.adapters.notifier.registry import Notifications
from cutover.adapters.session import Session
from cutover.cli import crash
from cutover.cli.reporters import JsonReporter, PlainReporter
from cutover.cli.status_object import status_object
from cutover.cli.tree import TreeReporter
from cutover.config import EnvironmentConfig
from cutover.config.settings import pinned_settings, settings_hash, with_settings
from cutover.config.sources.prometheus import PrometheusQuery
from cutover.domain import Execution, JournalEvent, Status
from cutover.domain.errors import CutoverError
from cutover.domain.execution import Failure
from support.fakes import config_for
from support.receiver import Receiver, receiving
from support.records_of_execution import NOW, event, execution
from support.troubles import CANARY, SIGNING_KEY, TROUBLES

CHAT_CANARY = "T0KEN-OF-THE-CHAT"
SECRETS = (CANARY, SIGNING_KEY, CHAT_CANARY)


@dataclass
class FakeCloud:
    """The clients of SNS and EventBridge; keeps what it got."""

    got: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sns(self) -> "FakeCloud":
        return self

    @property
    def events(self) -> "FakeCloud":
        return self

    def publish(self, **arguments: Any) -> dict[str, Any]:
        self.got.append(arguments)
        return {}

    put_events = publish


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Receiver, Receiver]]:
    """The receiver of the hook and the one of the chat."""
    monkeypatch.setenv("HOOK_SIGNER", SIGNING_KEY)
    with receiving(f"/services/{CANARY}?token={CANARY}") as hook, receiving(f"/services/{CHAT_CANARY}") as chat:
        yield hook, chat


def configured(hook: Receiver, chat: Receiver) -> EnvironmentConfig:
    server = {"address": f"http://user:{CANARY}@127.0.0.1:9/{CANARY}", "query": "errors"}
    return config_for(
        "v2",
        hooks={"smoke": {"webhook": {"url": hook.url, "secret_variable": "HOOK_SIGNER"}, "timeout": "5s"}},
        gates={"metrics": {"errors": {"preset": "prometheus", "at_most": 1, "prometheus": server}}},
        notifications=[
            {"webhook": chat.url, "on": ["step", "failure", "end"]},
            {"webhook": f"http://127.0.0.1:9/{CHAT_CANARY}", "on": ["failure", "end"]},
            {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:deployments", "on": ["failure", "end"]},
            {"event_bus": "default", "on": ["step", "end"]},
        ],
    )


def message_of(call: Callable[[], str]) -> tuple[str, str]:
    """The result of the call, or the message of its error, with the traceback that an unexpected error would print."""
    try:
        return call(), ""
    except CutoverError as error:
        return error.message, _traceback(error)


def _traceback(error: CutoverError) -> str:
    unexpected = RuntimeError("unexpected")
    unexpected.__cause__ = error
    return crash.report(unexpected, debug=True)


def run_hook(config: EnvironmentConfig) -> str:
    run = UserHooks(cast("Session", None)).start(config.hooks["smoke"], {"Cutover": {}})
    deadline = time.monotonic() + 10
    while (result := run.poll()) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert result is not None
    return result.message


def read_metric(config: EnvironmentConfig) -> str:
    server = config.gates.metrics["errors"].prometheus
    assert server is not None
    return str(read_prometheus(PrometheusQuery(server.address, server.query), NOW))


def changed_settings(config: EnvironmentConfig) -> str:
    with_settings(config_for("v2"), pinned_settings(config))
    raise AssertionError("the file has no such URL")


def records_of(config: EnvironmentConfig, messages: list[str]) -> tuple[Execution, tuple[JournalEvent, ...]]:
    """An execution that failed, and a journal that has every message."""
    settings = pinned_settings(config)
    head = execution().model_copy(
        update={
            "settings": settings,
            "settings_hash": settings_hash(settings),
            "status": Status.FAILED,
            "error": Failure(code="HOOK_FAILED", message=messages[0]),
        }
    )
    outcomes = (event("outcome", message, seq=seq) for seq, message in enumerate(messages, start=1))
    return head, (*outcomes, event("finished", messages[0], Status.FAILED, seq=len(messages) + 1))


def shown_and_sent(
    config: EnvironmentConfig, head: Execution, journal: tuple[JournalEvent, ...]
) -> tuple[str, FakeCloud]:
    """What the reporters print about the records, and the cloud that got the notifications."""
    out, cloud = io.StringIO(), FakeCloud()
    tree = TreeReporter(Console(file=out, force_terminal=True, width=300), lambda: NOW)
    notifier = Notifications(cast("Session", cloud), config.notifications, lambda _: None)
    with tree:
        for reporter in (JsonReporter(out), PlainReporter(out), tree):
            with beside(reporter, notifier) as (reporting, notifying):
                for each in journal:
                    reporting.progress(head, each)
                    notifying.notify(head, each)
    return out.getvalue(), cloud


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_no_secret_is_printed_logged_recorded_or_sent(
    trouble: Callable[[Receiver], None],
    receivers: tuple[Receiver, Receiver],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook, chat = receivers
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    caplog.set_level(logging.DEBUG)
    trouble(hook)
    config = configured(hook, chat)
    calls = (lambda: run_hook(config), lambda: read_metric(config), lambda: changed_settings(config))
    found = [message_of(call) for call in calls]
    head, journal = records_of(config, [message for message, _ in found])
    printed, cloud = shown_and_sent(config, head, journal)

    everything = {
        "printed": printed + json.dumps(status_object(head)) + "".join(capfd.readouterr()),
        "logged": caplog.text,
        "recorded": head.model_dump_json() + "".join(each.model_dump_json() for each in journal),
        "sent": repr(cloud.got) + repr(chat.bodies) + repr(chat.requests),
        "shown of the configuration": repr(config),
        "written about an unexpected error": "".join(report for _, report in found),
    }
    assert [name for name, text in everything.items() if not text] == []
    assert {(name, secret) for name, text in everything.items() for secret in SECRETS if secret in text} == set()
