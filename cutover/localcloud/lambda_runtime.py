"""The program of a Lambda function's process: calls the handler, and writes its result or its error to a file.

`python -P lambda_runtime.py INVOCATION` in the function's folder, with the event on standard input. This file imports
nothing of the project, because the process belongs to the function. The names of the errors are those of
https://github.com/aws/aws-lambda-python-runtime-interface-client
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)


class _RuntimeError(Exception):
    """An error of the runtime, not of the handler; `kind` is AWS's name for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main() -> None:
    """Call the handler with one event."""
    invocation = json.loads(sys.argv[1])
    _die_with(invocation["parent"])
    try:
        handler = _handler(invocation["handler"])
        os.close(invocation["begins"])  # the time-out starts here; what is loaded before belongs to AWS's init phase
        outcome = _to_json(handler(json.load(sys.stdin), _context(invocation)))
    except Exception as error:  # noqa: BLE001 - the caller of the function gets every error
        outcome = json.dumps({"error": _describe(error, invocation["request"])})
    # Write and rename, so that a process that is killed leaves no partial answer.
    answer = Path(invocation["answer"])
    answer.with_suffix(".part").write_text(outcome, encoding="utf-8")
    answer.with_suffix(".part").rename(answer)


def _die_with(parent: int) -> None:
    """Let the kernel kill this process when the thread that waits for it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before the call
        os._exit(1)


def _handler(path: str) -> Callable[[Any, Any], Any]:
    module, dot, name = path.rpartition(".")
    if not dot:
        raise _RuntimeError("Runtime.MalformedHandlerName", f"Bad handler '{path}': not MODULE.FUNCTION")
    sys.path.insert(0, str(Path.cwd()))
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise _RuntimeError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except SyntaxError as error:
        raise _RuntimeError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}") from error
    if not hasattr(loaded, name):
        raise _RuntimeError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    handler: Callable[[Any, Any], Any] = getattr(loaded, name)
    return handler


def _context(invocation: Mapping[str, Any]) -> SimpleNamespace:
    """Return the second argument of a handler: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""
    ends = time.monotonic() + invocation["timeout"]
    return SimpleNamespace(
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        invoked_function_arn=invocation["arn"],
        aws_request_id=invocation["request"],
        get_remaining_time_in_millis=lambda: max(0, int((ends - time.monotonic()) * 1000)),
    )


def _to_json(value: Any) -> str:
    try:
        return json.dumps({"value": value})
    except (TypeError, ValueError) as error:
        raise _RuntimeError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _describe(error: Exception, request: str) -> dict[str, Any]:
    """Return the error as AWS answers it, and print it for the function's log."""
    if isinstance(error, _RuntimeError):
        kind, lines = error.kind, []
    else:
        own = error.__traceback__.tb_next if error.__traceback__ else None  # without this file's frame
        kind, lines = type(error).__name__, traceback.format_tb(own)
    print(f"[ERROR] {kind}: {error}\n{''.join(lines)}".rstrip(), flush=True)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request, "stackTrace": lines}


if __name__ == "__main__":
    main()
