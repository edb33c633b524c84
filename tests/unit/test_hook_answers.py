"""Whatever a hook answers, the engine gets a result or one of the port's two errors, and no message holds a secret."""

import io
import json
import logging
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, EndpointConnectionError
from urllib3.util import connection

from cutover.adapters.hooks.registry import UserHooks
from cutover.adapters.session import Session
from cutover.config.hooks import HookConfig
from cutover.config.schema import Provider
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import HookResult
from support.receiver import Receiver, receiving
from support.troubles import CANARY, SIGNING_KEY, TROUBLES

TOO_LONG = json.dumps({"status": "Failed", "log": "x" * 70_000})
TOO_DEEP = "[" * 200_000


class FakeFunctions:
    """A Lambda client that answers with `payload`, or raises it."""

    def __init__(self, payload: bytes | Exception, *, failed: bool = False) -> None:
        self._payload, self._failed = payload, failed

    def functions(self, timeout_seconds: float) -> "FakeFunctions":
        return self

    def invoke(self, **_: object) -> dict[str, object]:
        if isinstance(self._payload, Exception):
            raise self._payload
        return {"Payload": io.BytesIO(self._payload), **({"FunctionError": "Unhandled"} if self._failed else {})}


def run(session: object, hook: dict[str, Any]) -> HookResult:
    hook_run = UserHooks(cast("Session", session)).start(
        HookConfig.model_validate({"timeout": "5s"} | hook), {"a": "b"}
    )
    deadline = time.monotonic() + 10
    while (result := hook_run.poll()) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    hook_run.stop()
    assert result is not None, "the hook did not end"
    return result


def invoke(payload: bytes | Exception, *, failed: bool = False) -> HookResult:
    return run(FakeFunctions(payload, failed=failed), {"function": "smoke"})


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("HOOK_SIGNER", SIGNING_KEY)
    with receiving(f"/services/T0/{CANARY}?token={CANARY}") as receiver:
        yield receiver


def post(receiver: Receiver) -> HookResult:
    return run(None, {"webhook": {"url": receiver.url, "secret_variable": "HOOK_SIGNER"}})


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (json.dumps({"status": "Succeeded", "log": "x" * 70_000}).encode(), "Succeeded"),
        (TOO_LONG.encode(), "Failed"),
        (b"not JSON", "Failed"),
        (b'"\xff\xfe"', "Failed"),
        (TOO_DEEP.encode(), "Failed"),
        (b'{"status": ' + TOO_DEEP.encode(), "Failed"),
        (b"9" * 5000, "Failed"),
        (b"x" * (7 * 1024 * 1024), "Failed"),
        (b"[1, 2]", None),
        (b"NaN", None),
        (b'{"status": NaN}', None),
        (b'{"status": ["Succeeded"]}', None),
        (b'{"status": {"status": "Succeeded"}}', None),
        (b"", None),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_every_answer_of_a_function_is_a_result(payload: bytes, status: str | None) -> None:
    assert invoke(payload).status == status


@pytest.mark.parametrize("payload", [b"not JSON", b"[1]", b"NaN", TOO_DEEP.encode(), b'{"errorMessage": 1}'])
def test_a_function_that_raised_an_error_has_failed_whatever_its_answer(payload: bytes) -> None:
    assert invoke(payload, failed=True).status == "Failed"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (TOO_LONG, "Failed"),
        (json.dumps({"status": "Succeeded", "log": "x" * 70_000}), "Failed"),
        (TOO_DEEP[:60_000], "Failed"),
        (b"\xff\xfe\x00", "Succeeded"),
        (b'{"status": "Failed", "message": "\xff"}', "Failed"),
        ("[1, 2]", None),
        ("NaN", None),
        ("9" * 5000, "Succeeded"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_every_answer_of_a_webhook_is_a_result(receiver: Receiver, answer: str | bytes, status: str | None) -> None:
    receiver.answer = answer
    assert post(receiver).status == status


@pytest.mark.parametrize(
    "error",
    [
        CredentialRetrievalError(provider="assume-role", error_msg="STS timed out"),
        EndpointConnectionError(endpoint_url="https://lambda"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke"),
        BotoCoreError(),
        RecursionError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unexpected_error_of_a_function_is_a_failed_attempt(error: Exception) -> None:
    with pytest.raises(TransientFailure):
        invoke(error)


def test_a_program_name_that_no_system_accepts_cannot_be_run() -> None:
    with pytest.raises((StepFailed, TransientFailure)):
        run(None, {"command": ["a\0b"]})


def test_the_end_of_a_long_output_of_a_command_is_its_message() -> None:
    result = run(None, {"command": [sys.executable, "-c", "print('x' * 200_000); print('no stock'); exit(1)"]})
    assert result.status == "Failed"
    assert result.message.endswith("no stock")
    assert len(result.message) <= 400


def test_a_command_that_prints_a_key_of_its_environment_does_not_record_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", CANARY)
    result = run(None, {"command": [sys.executable, "-c", "import os; print('key', os.environ['SHOP_API_KEY'])"]})
    assert result.message == "key [SHOP_API_KEY]"


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_no_message_about_a_webhook_holds_its_url_or_its_signing_key(
    receiver: Receiver, trouble: Callable[[Receiver], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    trouble(receiver)
    message, cause = message_of(receiver)
    assert message
    for secret in (CANARY, SIGNING_KEY):
        assert secret not in message
        assert secret not in caplog.text
    assert cause is None, "a traceback would show the error of urllib3, which quotes the URL"


def message_of(receiver: Receiver) -> tuple[str, BaseException | None]:
    """The message of the result or of the error, and the cause of the error."""
    try:
        return post(receiver).message, None
    except (StepFailed, TransientFailure) as error:
        return error.message, error.__cause__


def test_the_connection_of_an_invocation_is_kept_alive_while_it_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A NAT gateway drops a connection that is idle for 350 s; a kernel's own keep-alive begins after two hours."""
    idle: list[tuple[int, int]] = []
    connect = connection._set_socket_options  # type: ignore[attr-defined]

    def noted(sock: socket.socket, options: object) -> None:
        connect(sock, options)
        seconds = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        idle.append((sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), seconds))

    monkeypatch.setattr(connection, "_set_socket_options", noted)
    provider = Provider(
        region="eu-west-1", account_id="123456789012", endpoint="http://127.0.0.1:9", access_key="a", secret_key="b"
    )
    with pytest.raises(TransientFailure):
        run(Session(provider), {"function": "smoke"})
    assert idle
    assert all(kept and seconds < 350 for kept, seconds in idle)
