"""Runs Lambda functions from their zip as processes of this machine, in place of moto, which needs Docker for them.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html. A failed event is not retried. Invocations by moto's
other services (SNS, EventBridge, Step Functions) are not handled here.
"""

import base64
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX, _SUFFIX = "/2015-03-31/functions/", "/invocations"
_MOST_BYTES = 6 * 1024 * 1024  # of an event, as on AWS
_LOG_TAIL = 4096  # bytes
_INIT_SECONDS = 10.0  # AWS's limit for the init phase, before the function's time-out begins
_RUNTIME = Path(__file__).with_name("lambda_runtime.py")


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """The payload and the log of an invocation; `failed` if the function raised, timed out, or did not start."""

    payload: bytes
    failed: bool
    log: str = ""


@dataclass(frozen=True, slots=True)
class _ProcessResult:
    """How a function's process ended; `code` is None if it timed out, `answer` is None if it wrote none."""

    code: int | None
    answer: dict[str, Any] | None
    output: str


class _InvokeError(Exception):
    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Functions:
    """Runs the functions of one account and region until `stop`, each event in a process of its own."""

    def __init__(self, account: str, region: str, directory: Path) -> None:
        self._account, self._region = account, region
        self._directory = directory.absolute()  # the functions run in other folders
        self._running: set[subprocess.Popen[bytes]] = set()
        self._changed = threading.Condition()
        self._stopped = False

    def before(self, inner: WSGIApplication) -> WSGIApplication:
        """Return an application that runs invocations itself and sends all other requests to `inner`."""

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            path = str(environ.get("PATH_INFO", "")).rstrip("/")
            if not (path.startswith(_PREFIX) and path.endswith(_SUFFIX) and environ.get("REQUEST_METHOD") == "POST"):
                return inner(environ, start)
            try:
                return self._answer(environ, unquote(path.removeprefix(_PREFIX).removesuffix(_SUFFIX)), start)
            except _InvokeError as error:
                body = json.dumps({"Type": "User", "Message": str(error)}).encode()
                return _send(start, error.status, [("x-amzn-errortype", error.code)], body)

        return answer

    def stop(self) -> None:
        """Kill all running functions, and start no others."""
        with self._changed:
            self._stopped = True
            for child in self._running:
                if child.returncode is None:
                    _kill(child)
            self._changed.wait_for(lambda: not self._running, timeout=5.0)

    def _answer(self, environ: WSGIEnvironment, name: str, start: StartResponse) -> Iterable[bytes]:
        event = _event_of(environ)
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
        function = _function_of(self._account, self._region, name, qualifier)
        match environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse"):
            case "DryRun":
                return _send(start, HTTPStatus.NO_CONTENT, [], b"")
            case "Event":
                # The thread starts the process and waits for it, because the process ends with its thread.
                threading.Thread(target=self.invoke, args=(function, event), name="function", daemon=True).start()
                return _send(start, HTTPStatus.ACCEPTED, [], b"")
        result = self.invoke(function, event)
        headers = [("X-Amz-Executed-Version", str(function.version))]
        headers += [("X-Amz-Function-Error", "Unhandled")] if result.failed else []
        if environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            tail = base64.b64encode(result.log.encode()[-_LOG_TAIL:]).decode()
            headers.append(("X-Amz-Log-Result", tail))
        return _send(start, HTTPStatus.OK, headers, result.payload)

    def invoke(self, function: Any, event: bytes) -> InvokeResult:
        """Run the handler of one of moto's functions, until it returns or times out."""
        request = str(uuid.uuid4())
        stream = f"{time.strftime('%Y/%m/%d')}/[{function.version}]{request.replace('-', '')}"
        process = self._run(function, event, request, stream)
        log, payload, failed = process.output, b"", True
        if process.code is None:
            message = f"Task timed out after {float(function.timeout):.2f} seconds"
            payload = _error("Sandbox.Timedout", message)
            log += f"{request} {message}\n"
        elif process.answer is None:
            payload = _error("Runtime.ExitError", f"RequestId: {request} Error: {_how_it_exited(process.code)}")
        else:
            failed = "error" in process.answer
            payload = json.dumps(process.answer["error" if failed else "value"]).encode()
        _write_log(function, stream, log)
        return InvokeResult(payload, failed, log)

    def _run(self, function: Any, event: bytes, request: str, stream: str) -> _ProcessResult:
        self._directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._directory, ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(folder / "code")
            (folder / "event.json").write_bytes(event)
            child, begun = self._start(function, folder, request, stream)
            try:
                _wait_for(begun)
                code: int | None = child.wait(float(function.timeout))
            except subprocess.TimeoutExpired:
                code = None
            finally:
                self._end(child)
            answer = folder / "answer.json"
            output = (folder / "output").read_text(encoding="utf-8", errors="replace")
            if code is None or not answer.exists():
                return _ProcessResult(code, None, output)
            return _ProcessResult(code, json.loads(answer.read_text(encoding="utf-8")), output)

    def _start(self, function: Any, folder: Path, request: str, stream: str) -> tuple["subprocess.Popen[bytes]", int]:
        """Start the process; return it and a descriptor, readable when the handler begins or the process ends."""
        begun, begins = os.pipe()
        invocation = {
            "handler": function.handler, "answer": str(folder / "answer.json"), "parent": os.getpid(),
            "begins": begins, "request": request, "arn": function.function_arn, "timeout": float(function.timeout),
        }  # fmt: skip
        try:
            # Under the lock, so that no process starts after `stop`.
            with self._changed, (folder / "event.json").open("rb") as event, (folder / "output").open("wb") as output:
                if self._stopped:
                    raise _InvokeError(
                        HTTPStatus.SERVICE_UNAVAILABLE, "ServiceException", "the local cloud is stopping"
                    )
                child = subprocess.Popen(
                    [sys.executable, "-P", str(_RUNTIME), json.dumps(invocation)],
                    cwd=folder / "code",
                    env=_environment(function, stream),
                    stdin=event,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(begins,),
                )
                self._running.add(child)
        except BaseException:
            os.close(begun)
            raise
        finally:
            os.close(begins)
        return child, begun

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        """Kill the function's process and its child processes."""
        _kill(child)
        child.wait()
        with self._changed:
            self._running.discard(child)
            self._changed.notify_all()


def _event_of(environ: WSGIEnvironment) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > _MOST_BYTES:
        message = f"{length} byte payload is too large (limit {_MOST_BYTES} bytes)"
        raise _InvokeError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestTooLargeException", message)
    event: bytes = environ["wsgi.input"].read(length) or b"{}"
    try:
        json.loads(event)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise _InvokeError(HTTPStatus.BAD_REQUEST, "InvalidRequestContentException", message) from error
    return event


def _function_of(account: str, region: str, name: str, qualifier: str | None) -> Any:
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda.models import lambda_backends

    plain = name.rpartition("function:")[2]  # an ARN or the end of an ARN, which AWS accepts too
    try:
        function = lambda_backends[account][region].get_function(plain, qualifier)
    except UnknownFunctionException as error:
        raise _InvokeError(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", str(error.message)) from error
    if not getattr(function, "code_bytes", b"") or not str(function.run_time).startswith("python"):
        message = f"The local cloud runs only functions with a zip file and a Python runtime; {plain} is not one."
        raise _InvokeError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", message)
    return function


def _environment(function: Any, stream: str) -> dict[str, str]:
    """Return the variables that AWS sets, and the PATH of this machine; the server's other variables are left out.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        "PATH": os.environ.get("PATH", ""),
        **{str(name): str(value) for name, value in (function.environment_vars or {}).items()},
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
    }


def _wait_for(begun: int) -> None:
    """Wait until the handler begins or the process ends, and close `begun`."""
    poll = select.poll()
    poll.register(begun, select.POLLIN)
    try:
        poll.poll(_INIT_SECONDS * 1000)
    finally:
        os.close(begun)


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):  # the whole group has ended
        os.killpg(child.pid, signal.SIGKILL)


def _how_it_exited(code: int) -> str:
    if code < 0:
        return f"Runtime exited with error: signal: {signal.Signals(-code).name}"
    return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _write_log(function: Any, stream: str, text: str) -> None:
    logs, group = function.logs_backend, function.logs_group_name
    logs.ensure_log_group(group)
    logs.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    if lines := text.splitlines():
        # CloudWatch rejects an empty message.
        logs.put_log_events(group, stream, [{"timestamp": now, "message": line or " "} for line in lines])


def _send(start: StartResponse, status: HTTPStatus, headers: list[tuple[str, str]], body: bytes) -> Iterable[bytes]:
    start(
        f"{status.value} {status.phrase}",
        [("Content-Type", "application/json"), *headers, ("Content-Length", str(len(body)))],
    )
    return [body]
