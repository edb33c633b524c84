"""Real hooks (a function on the local cloud, a command, a signed webhook), and notifications."""

import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover import operations
from cutover.adapters.hooks.answers import result_of
from cutover.adapters.hooks.registry import UserHooks
from cutover.adapters.hooks.webhook import SIGNATURE, sign
from cutover.adapters.notifier.registry import Notifications
from cutover.adapters.session import Session
from cutover.config.hooks import HookConfig
from cutover.config.notifications import NotificationConfig
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import HookResult
from support.fakes import InMemoryEnvironment
from support.receiver import Receiver, receiving

EVENT = {"DeploymentId": "x1", "LifecycleEventHookExecutionId": "x1.3"}
CODE = """
def handler(event, context):
    if event['DeploymentId'] == 'raise':
        raise ValueError('no stock')
    return {'later': None, 'ok': 'Succeeded'}.get(event['DeploymentId'], {'status': 'Failed', 'message': 'no stock'})
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def run(session: Session, event: dict[str, Any], **hook: Any) -> HookResult:
    hook_run = UserHooks(session).start(HookConfig.model_validate({"timeout": "20s"} | hook), event)
    deadline = time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            if (result := hook_run.poll()) is not None:
                return result
            time.sleep(0.02)
    finally:
        hook_run.stop()
    raise AssertionError("the hook did not end")


@pytest.fixture(scope="module")
def function(session: Session) -> str:
    role = session.iam.create_role(RoleName="hooks", AssumeRolePolicyDocument='{"Statement": []}')["Role"]["Arn"]
    archive_bytes = io.BytesIO()
    with zipfile.ZipFile(archive_bytes, "w") as archive:
        archive.writestr("checks.py", CODE)
    created = session.functions(5).create_function(
        FunctionName="checks",
        Runtime="python3.11",
        Role=role,
        Handler="checks.handler",
        Code={"ZipFile": archive_bytes.getvalue()},
    )
    return created["FunctionArn"]


@pytest.mark.parametrize(
    ("deployment", "result"),
    [
        ("ok", HookResult("Succeeded", "")),
        ("bad", HookResult("Failed", "no stock")),
        ("later", HookResult(None, "")),
        ("raise", HookResult("Failed", "checks raised an error: no stock")),
    ],
)
def test_the_return_value_of_a_function_is_its_answer(
    session: Session, function: str, deployment: str, result: HookResult
) -> None:
    assert function.endswith(":checks")
    assert run(session, EVENT | {"DeploymentId": deployment}, function="checks") == result


def test_a_function_that_does_not_exist_fails_with_awss_error(session: Session) -> None:
    with pytest.raises(StepFailed, match="ResourceNotFoundException"):
        run(session, EVENT, function="nobody")


def python(code: str) -> dict[str, Any]:
    return {"command": [sys.executable, "-c", code]}


def test_a_command_reads_the_event_from_stdin_and_its_exit_code_is_its_answer(session: Session) -> None:
    good = "import json, sys; print(json.load(sys.stdin)['DeploymentId'])"
    assert run(session, EVENT, **python(good)) == HookResult("Succeeded", "x1")
    assert run(session, EVENT, **python("import sys; sys.exit('no stock')")) == HookResult("Failed", "no stock")


def test_a_command_with_exit_code_75_is_retried(session: Session) -> None:
    with pytest.raises(TransientFailure, match="busy"):
        run(session, EVENT, **python("import sys; print('busy'); sys.exit(75)"))


def test_a_command_that_does_not_exist_fails(session: Session) -> None:
    with pytest.raises(StepFailed, match="cannot be run"):
        run(session, EVENT, command=["/no/such/program"])


def test_the_processes_of_a_stopped_command_end(session: Session, tmp_path: Path) -> None:
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    hook_run = UserHooks(session).start(HookConfig.model_validate(python(code)), EVENT)
    deadline = time.monotonic() + 10
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    hook_run.stop()
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


def test_a_webhook_is_signed_so_that_its_receiver_can_check_it(
    session: Session, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "s3cret")
    webhook = {"url": receiver.url, "secret_variable": "HOOK_KEY"}
    assert run(session, EVENT, webhook=webhook) == HookResult("Succeeded", "")
    assert json.loads(receiver.bodies[0]) == EVENT
    assert receiver.requests[0][SIGNATURE] == sign(b"s3cret", receiver.bodies[0])
    assert sign(b"other", receiver.bodies[0]) != receiver.requests[0][SIGNATURE]


@pytest.mark.parametrize(
    ("status", "answer", "result"),
    [
        (200, '{"status": "Failed", "message": "no stock"}', HookResult("Failed", "no stock")),
        (200, "ok", HookResult("Succeeded", "ok")),
        (202, '{"status": "pending"}', HookResult(None, "")),
        (403, "", HookResult("Failed", "answers HTTP 403")),
    ],
)
def test_status_and_body_of_a_webhooks_response_are_its_answer(
    session: Session,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    answer: str,
    result: HookResult,
) -> None:
    monkeypatch.setenv("HOOK_KEY", "s3cret")
    receiver.status, receiver.answer = status, answer
    actual = run(session, EVENT, webhook={"url": receiver.url, "secret_variable": "HOOK_KEY"})
    assert (actual.status, actual.message.endswith(result.message)) == (result.status, True)


def test_a_webhook_that_is_down_is_retried(
    session: Session, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "s3cret")
    receiver.status = 503
    with pytest.raises(TransientFailure, match="503"):
        run(session, EVENT, webhook={"url": receiver.url, "secret_variable": "HOOK_KEY"})


def test_a_webhook_without_its_key_is_not_sent(session: Session, receiver: Receiver) -> None:
    with pytest.raises(StepFailed, match="NO_SUCH_KEY is empty or not set"):
        run(session, EVENT, webhook={"url": receiver.url, "secret_variable": "NO_SUCH_KEY"})
    assert receiver.bodies == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Succeeded", "Succeeded"),
        ({"hookStatus": "SUCCEEDED"}, "Succeeded"),
        ({"Status": "Failed"}, "Failed"),
        (None, None),
    ],
)
def test_the_answer_of_a_hook_may_have_every_form_that_aws_uses(answer: object, status: str | None) -> None:
    assert result_of(answer).status == status


def notify_of_a_rollback(environment: InMemoryEnvironment, notifier: Notifications) -> None:
    """Send the notifications of a deployment and of one that is rolled back."""
    environment.notifier.notify = notifier.notify  # type: ignore[method-assign]
    operations.deploy(environment.driver("v1"))
    environment.cloud.behaviour["v2"] = "unhealthy"
    operations.deploy(environment.driver("v2"))


def test_a_webhook_is_notified_of_its_occasions_in_slacks_format(session: Session, receiver: Receiver) -> None:
    receiver_config = NotificationConfig.model_validate({"webhook": receiver.url, "on": ["start", "rollback", "end"]})
    notify_of_a_rollback(InMemoryEnvironment(), Notifications(session, [receiver_config]))
    texts = [json.loads(body)["text"] for body in receiver.bodies]
    occasions = [text.split(": ")[1] for text in texts]
    assert occasions == ["start", "end", "start", "rollback", "end"]
    assert texts[3].startswith("[shop prod] deploy v2: rollback: prod-v2-")


def test_a_topic_and_a_bus_are_notified_even_if_another_receiver_does_not_exist(session: Session) -> None:
    topic = session.sns.create_topic(Name="deployments")["TopicArn"]
    queue: Any = session._boto.client("sqs", endpoint_url=session.provider.endpoint)
    url = queue.create_queue(QueueName="notifications")["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    session.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    receivers = [
        NotificationConfig.model_validate(one)
        for one in (
            {"webhook": "http://127.0.0.1:9/"},
            {"topic_arn": topic + "-gone"},
            {"topic_arn": topic, "on": ["end"]},
            {"event_bus": "default"},
        )
    ]
    notify_of_a_rollback(InMemoryEnvironment(), Notifications(session, receivers))
    messages = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    details = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
    assert sorted(detail["status"] for detail in details) == ["COMPLETED", "ROLLED_BACK"]
