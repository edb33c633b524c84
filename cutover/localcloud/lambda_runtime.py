"""What a Lambda function's process runs: calls the handler and writes down what came of it.

`python -P lambda_runtime.py INVOCATION` in the function's folder, with the event on standard input. Nothing of the
project is imported here: the function has its process to itself. The names of the errors are those of
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


class _Unusable(Exception):
    """AWS's name for what is wrong with a function that has raised nothing itself."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main() -> None:
    """Handle one event."""
    invocation = json.loads(sys.argv[1])
    _die_with(invocation["parent"])
    try:
        handler = _handler(invocation["handler"])
        os.close(invocation["begins"])  # the time-out counts from here: what loads before it is AWS's init phase
        outcome = _marshalled(handler(json.load(sys.stdin), _context(invocation)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller of the function has to be told
        outcome = json.dumps({"error": _described(error, invocation["request"])})
    # In two steps, so that a process that is killed meanwhile leaves no half of an answer.
    answer = Path(invocation["answer"])
    answer.with_suffix(".part").write_text(outcome, encoding="utf-8")
    answer.with_suffix(".part").rename(answer)


def _die_with(parent: int) -> None:
    """Be killed when the thread that waits for this process ends, also by a SIGKILL of the local cloud."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before we asked
        os._exit(1)


def _handler(wanted: str) -> Callable[[Any, Any], Any]:
    module, dot, name = wanted.rpartition(".")
    if not dot:
        raise _Unusable("Runtime.MalformedHandlerName", f"Bad handler '{wanted}': not MODULE.FUNCTION")
    sys.path.insert(0, str(Path.cwd()))
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise _Unusable("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except SyntaxError as error:
        raise _Unusable("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}") from error
    if not hasattr(loaded, name):
        raise _Unusable("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    found: Callable[[Any, Any], Any] = getattr(loaded, name)
    return found


def _context(invocation: Mapping[str, Any]) -> SimpleNamespace:
    """The second argument of a handler: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""
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


def _marshalled(value: Any) -> str:
    try:
        return json.dumps({"value": value})
    except (TypeError, ValueError) as error:
        raise _Unusable("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _described(error: Exception, request: str) -> dict[str, Any]:
    """The error as AWS answers it; it is printed too, for the function's log."""
    if isinstance(error, _Unusable):
        kind, lines = error.kind, []
    else:
        own = error.__traceback__.tb_next if error.__traceback__ else None  # without the frame of this file
        kind, lines = type(error).__name__, traceback.format_tb(own)
    print(f"[ERROR] {kind}: {error}\n{''.join(lines)}".rstrip(), flush=True)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request, "stackTrace": lines}


if __name__ == "__main__":
    main()
