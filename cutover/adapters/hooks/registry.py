"""The Hooks port: a Lambda function, a local command, or a signed webhook, each running while the driver looks on."""

import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping

from cutover.adapters.session import Session, aws_errors
from cutover.adapters.web import request
from cutover.config.hooks import HookConfig, Webhook
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import HookResult, HookRun

SIGNATURE = "X-Cutover-Signature"
_MOST_BYTES = 64 * 1024
_SHOWN = 400


class UserHooks:
    """Implements `cutover.ports.Hooks`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, hook: HookConfig, event: Mapping[str, object]) -> HookRun:
        """See `cutover.ports.Hooks`."""
        if hook.command:
            return _Command(hook.command, event)
        if hook.webhook is not None:
            webhook = hook.webhook
            return _Call(lambda: _post(webhook, event, hook.timeout))
        assert hook.function is not None, "validated with the configuration"
        name, session = hook.function, self._session
        return _Call(lambda: _invoke(session, name, event, hook.timeout))


class _Call:
    """A call in a thread of its own; it cannot be ended, only left alone."""

    def __init__(self, call: Callable[[], HookResult]) -> None:
        self._call = call
        self._result: HookResult | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="hook", daemon=True)
        self._thread.start()

    def poll(self) -> HookResult | None:
        """See `cutover.ports.HookRun`."""
        if self._error is not None:
            raise self._error
        return self._result

    def stop(self) -> None:
        """See `cutover.ports.HookRun`."""

    def _run(self) -> None:
        try:
            self._result = self._call()
        except Exception as error:  # noqa: BLE001  raised again where the driver polls
            self._error = error


class _Command:
    """A program beside the driver: exit code 0 is Succeeded, 75 (EX_TEMPFAIL) asks to be tried again."""

    def __init__(self, command: tuple[str, ...], event: Mapping[str, object]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the program runs; `stop` closes it
        with tempfile.TemporaryFile() as given:
            given.write(json.dumps(event).encode())
            given.seek(0)
            try:
                self._process = subprocess.Popen(
                    command, stdin=given, stdout=self._output, stderr=subprocess.STDOUT, start_new_session=True
                )
            except OSError as error:
                self._output.close()
                raise StepFailed("HOOK_FAILED", f"{command[0]} cannot be run: {error}") from error

    def poll(self) -> HookResult | None:
        """See `cutover.ports.HookRun`."""
        code = self._process.poll()
        if code is None:
            return None
        self._output.seek(0)
        said = self._output.read(_MOST_BYTES).decode(errors="replace").strip()[-_SHOWN:]
        if code == os.EX_TEMPFAIL:
            raise TransientFailure("HOOK_UNAVAILABLE", said or "exit code 75")
        return HookResult("Succeeded" if code == 0 else "Failed", said or f"exit code {code}")

    def stop(self) -> None:
        """See `cutover.ports.HookRun`."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, 15)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, 9)
                self._process.wait()
        self._output.close()


def sign(secret: bytes, body: bytes) -> str:
    """`sha256=HEX`, the HMAC of the body (RFC 2104), in the form that GitHub's webhooks made common."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def result_of(answer: object) -> HookResult:
    """What a hook's answer means: a status, alone or in an object; anything else is an answer yet to come."""
    found: object = answer
    message = ""
    if isinstance(answer, Mapping):
        found = next((answer[name] for name in ("status", "Status", "hookStatus") if name in answer), None)
        message = str(answer.get("message", ""))
    match str(found).capitalize():
        case "Succeeded":
            return HookResult("Succeeded", message)
        case "Failed":
            return HookResult("Failed", message)
        case _:
            return HookResult(None, message)


def _invoke(session: Session, name: str, event: Mapping[str, object], timeout: float) -> HookResult:
    with aws_errors("Invoke"):
        answer = session.functions(timeout).invoke(FunctionName=name, Payload=json.dumps(event).encode())
    text = answer["Payload"].read(_MOST_BYTES)
    said = json.loads(text) if text else None
    if answer.get("FunctionError"):
        reason = said.get("errorMessage", "") if isinstance(said, Mapping) else ""
        return HookResult("Failed", f"{name} raised: {reason}")
    return result_of(said)


def _post(webhook: Webhook, event: Mapping[str, object], timeout: float) -> HookResult:
    secret = os.environ.get(webhook.secret_variable)
    if not secret:
        message = f"the environment variable {webhook.secret_variable} is empty, so the webhook cannot be signed"
        raise StepFailed("HOOK_UNSIGNED", message)
    body = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", SIGNATURE: sign(secret.encode(), body)}
    status, text = request("POST", webhook.url, body=body, headers=headers, timeout_seconds=timeout)
    if status >= 500 or status == 429:
        raise TransientFailure("HOOK_UNAVAILABLE", f"{webhook.url} answers {status}")
    if not 200 <= status < 300:
        return HookResult("Failed", f"{webhook.url} answers {status}")
    try:
        return result_of(json.loads(text)) if text else HookResult("Succeeded", "")
    except ValueError:
        # A receiver that answers in words has taken it, and says no more.
        return HookResult("Succeeded", text[:_SHOWN])
