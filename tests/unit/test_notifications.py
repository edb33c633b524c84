"""Notifications in their receivers' formats, and what becomes of a message that a receiver does not take."""

import json
import logging
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    SSOTokenLoadError,
)

from cutover.adapters.notifier.registry import Notifications
from cutover.adapters.session import Session
from cutover.config.notifications import NotificationConfig
from cutover.domain import JournalEvent, Status
from cutover.domain.execution import EventKind
from support.receiver import receiving
from support.records_of_execution import event, execution

CANARY = "S3CRET-CANARY"
TOPIC = {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:deployments"}
BUS = {"event_bus": "default"}


@dataclass
class FakeCloud:
    """The clients of SNS and EventBridge: keeps each call, and answers with the next of `answers`, or raises it."""

    answers: list[dict[str, Any] | Exception] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def sns(self) -> "FakeCloud":
        return self

    @property
    def events(self) -> "FakeCloud":
        return self

    def publish(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    put_events = publish

    def notify(self, receiver: dict[str, Any], *events: JournalEvent) -> None:
        config = NotificationConfig.model_validate(receiver)
        notifier = Notifications(cast("Session", self), [config], self.pauses.append)
        for each in events:
            notifier.notify(execution(), each)


FAILED_ENTRY = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalException", "ErrorMessage": "later"}]}


def test_an_event_that_eventbridge_answers_but_does_not_accept_is_sent_again() -> None:
    cloud = FakeCloud([FAILED_ENTRY, FAILED_ENTRY, {"FailedEntryCount": 0}])
    cloud.notify(BUS, event("started"))
    assert (len(cloud.calls), cloud.pauses) == (3, [0.5, 1.0])


def test_an_event_that_is_never_accepted_is_logged_with_eventbridges_reason(caplog: pytest.LogCaptureFixture) -> None:
    cloud = FakeCloud([FAILED_ENTRY] * 5)
    cloud.notify(BUS, event("started"))
    assert len(cloud.calls) == 3
    assert "a notification was not sent: PutEvents did not accept the event: InternalException: later" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        CredentialRetrievalError(provider="assume-role", error_msg="STS timed out"),
        SSOTokenLoadError(error_msg="no token"),
        NoCredentialsError(),
        ParamValidationError(report="wrong"),
        ReadTimeoutError(endpoint_url="https://sns"),
        ClientError({"Error": {"Code": "InvalidParameter", "Message": "Subject"}}, "Publish"),
        BotoCoreError(),
        OSError(28, "No space left on device"),
        KeyError("no such"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_error_of_a_receiver_reaches_the_deployment(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    cloud = FakeCloud([error] * 3)
    cloud.notify(TOPIC, event("failure", status=Status.FAILED), event("finished", status=Status.FAILED))
    assert "a notification was not sent" in caplog.text


@pytest.mark.parametrize(
    "message",
    ["Traceback:\n  File x\r\nValueError", "größe\u2028— ✖", "\x1b[31mred\x07\x7f\x00", "x" * 300, "\t\n", "…" * 99],
)
def test_a_subject_for_sns_is_one_line_of_printable_ascii_of_less_than_100_characters(message: str) -> None:
    cloud = FakeCloud()
    cloud.notify(TOPIC, event("finished", message))
    subject = cloud.calls[0]["Subject"]
    assert subject.startswith("[shop prod] deploy v2: end:")
    assert all(" " <= character <= "~" for character in subject)
    assert len(subject) < 100
    assert json.loads(cloud.calls[0]["Message"])["message"] == message


def test_the_lines_of_a_subject_are_joined_by_a_space() -> None:
    cloud = FakeCloud()
    cloud.notify(TOPIC, event("finished", "Traceback:\n  File x"))
    assert cloud.calls[0]["Subject"] == "[shop prod] deploy v2: end: Traceback: File x"


@pytest.mark.parametrize("kind", ["drift", "warning"])
def test_drift_and_a_warning_are_occasions_of_their_own(kind: EventKind) -> None:
    cloud = FakeCloud()
    cloud.notify(BUS, event(kind))
    cloud.notify({**BUS, "on": ["end"]}, event(kind))
    assert [call["Entries"][0]["DetailType"] for call in cloud.calls] == [f"cutover {kind}"]


def test_a_write_of_weights_sends_no_message_of_its_own() -> None:
    cloud = FakeCloud()
    cloud.notify(BUS, event("weights"))
    assert cloud.calls == []


def test_a_chat_that_is_busy_gets_the_message_again_and_its_url_is_never_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving(f"/services/{CANARY}") as receiver:
        receiver.status = 429
        FakeCloud().notify({"webhook": receiver.url}, event("started"))
        assert len(receiver.bodies) == 3
    FakeCloud().notify({"webhook": receiver.url}, event("started"))
    assert caplog.text.count("a notification was not sent") == 2
    assert CANARY not in caplog.text
