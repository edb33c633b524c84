"""Lambda functions, run from their zip as processes of this machine, in front of moto, which would ask Docker for it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX, _SUFFIX = "/2015-03-31/functions/", "/invocations"
_MOST_BYTES = 6 * 1024 * 1024  # of a synchronous event, as AWS takes it

# Runs in the child: the handler's own output must not mix with its answer, so that goes to a file of its own.
_BOOTSTRAP = """
import importlib, json, sys, traceback
module, _, name = sys.argv[1].rpartition('.')
sys.path.insert(0, '.')
event = json.load(sys.stdin)
try:
    answer = {'value': getattr(importlib.import_module(module), name)(event, None)}
except BaseException as error:
    lines = traceback.format_tb(error.__traceback__)
    answer = {'error': {'errorMessage': str(error), 'errorType': type(error).__name__, 'stackTrace': lines}}
with open(sys.argv[2], 'w') as file:
    json.dump(answer, file)
"""


@dataclass(frozen=True, slots=True)
class Invoked:
    """What a function answered; `failed` where it raised, timed out, or could not begin."""

    payload: bytes
    failed: bool


def with_functions(inner: WSGIApplication, account: str, region: str) -> WSGIApplication:
    """`inner`, except that an invocation runs the function's code."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not (path.startswith(_PREFIX) and path.endswith(_SUFFIX) and environ.get("REQUEST_METHOD") == "POST"):
            return inner(environ, start)
        name = unquote(path.removeprefix(_PREFIX).removesuffix(_SUFFIX))
        function = _find(account, region, name)
        if function is None:
            return _missing(start, f"Function not found: {name}")
        event = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), _MOST_BYTES))
        invoked = invoke(function, event or b"{}")
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", "$LATEST")]
        headers += [("X-Amz-Function-Error", "Unhandled")] if invoked.failed else []
        start("200 OK", [*headers, ("Content-Length", str(len(invoked.payload)))])
        return [invoked.payload]

    return answer


def invoke(function: Any, event: bytes) -> Invoked:
    """Run the handler of one of moto's functions to its end, or to its time-out (in seconds)."""
    with tempfile.TemporaryDirectory(prefix="cutover-lambda-") as folder:
        code, result = Path(folder) / "code", Path(folder) / "result.json"
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(code)
        child = subprocess.Popen(
            [sys.executable, "-c", _BOOTSTRAP, function.handler, str(result)],
            cwd=code,
            env=_environment(function),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            child.communicate(event, timeout=float(function.timeout))
        except subprocess.TimeoutExpired:
            return _failed("Sandbox.Timedout", f"Task timed out after {float(function.timeout):.2f} seconds")
        finally:
            _end(child)
        if not result.exists():
            return _failed("Runtime.ExitError", f"RequestId: local Error: Runtime exited with {child.returncode}")
        answer = json.loads(result.read_text(encoding="utf-8"))
    failed = "error" in answer
    return Invoked(json.dumps(answer["error"] if failed else answer["value"]).encode(), failed)


def _find(account: str, region: str, name: str) -> Any:
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda.models import lambda_backends

    try:
        return lambda_backends[account][region].get_function(name)
    except UnknownFunctionException:
        return None


def _environment(function: Any) -> dict[str, str]:
    """As AWS sets it: nothing of the server's but the way to this machine's programs
    (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."""
    return {
        "PATH": os.environ.get("PATH", ""),
        **{str(name): str(value) for name, value in (function.environment_vars or {}).items()},
        "AWS_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
    }


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the function, and of what it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        # The whole group has ended.
        return
    finally:
        child.wait()


def _failed(kind: str, message: str) -> Invoked:
    return Invoked(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)


def _missing(start: StartResponse, message: str) -> Iterable[bytes]:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    status = HTTPStatus.NOT_FOUND
    headers = [("Content-Type", "application/json"), ("x-amzn-errortype", "ResourceNotFoundException")]
    start(f"{status.value} {status.phrase}", [*headers, ("Content-Length", str(len(body)))])
    return [body]
