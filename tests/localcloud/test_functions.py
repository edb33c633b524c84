"""Lambda functions run from their zip, and answer as on AWS."""

import base64
import io
import json
import os
import signal
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends

from cutover.localcloud import process
from cutover.localcloud.backends import ACCOUNT, REGION
from cutover.localcloud.functions import Functions, InvokeResult
from cutover.localcloud.server import LocalCloud

CODE = r"""
import os, pathlib, subprocess, sys, time
def handler(event, context):
    if event.get('raise'):
        raise ValueError('no stock')
    if event.get('pids'):
        left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
        pathlib.Path(event['pids']).write_text(f'{os.getpid()} {left.pid}\n')
    if event.get('sleep'):
        time.sleep(event['sleep'])
    if event.get('exit'):
        sys.exit(event['exit'])
    if event.get('set'):
        return {1, 2}
    if event.get('who'):
        return [context.function_name, context.invoked_function_arn, context.get_remaining_time_in_millis()]
    print('said aside')
    return {'status': 'Succeeded', 'colour': os.environ['COLOUR'], 'event': event}
def environment(event, context):
    return dict(os.environ)
"""
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:smoke"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="module")
def functions(cloud: LocalCloud) -> Any:
    return client_with_function(cloud.endpoint)


def client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="t",
        aws_secret_access_key="t",
        config=Config(retries={"total_max_attempts": 1}),
    )


def client_with_function(endpoint: str) -> Any:
    """A Lambda client, after the creation of the function `smoke`."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    # AWS and moto require a role that exists.
    role = client("iam", endpoint).create_role(RoleName="hook", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    functions = client("lambda", endpoint)
    create(functions, role, "smoke", "checks.handler", timeout=1)
    return functions


def create(functions: Any, role: str, name: str, handler: str, *, code: str = CODE, timeout: int = 10) -> None:
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler=handler,
        Code={"ZipFile": zipped("checks.py", code)},
        Timeout=timeout,
        Environment={"Variables": {"COLOUR": "green"}},
    )


def add_function(functions: Any, name: str, handler: str, **options: Any) -> str:
    create(functions, functions.get_function(FunctionName="smoke")["Configuration"]["Role"], name, handler, **options)
    return name


def zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def invoke(functions: Any, event: dict[str, Any], name: str = "smoke", **options: Any) -> tuple[str | None, Any]:
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **options)
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.02)


def pids_in(path: Path) -> list[int]:
    until(lambda: path.exists() and path.read_text().endswith("\n"))
    return [int(word) for word in path.read_text().split()]


def runs(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_function_receives_the_event_and_its_environment(functions: Any) -> None:
    error, answer = invoke(functions, {"a": 1})
    assert (error, answer) == (None, {"status": "Succeeded", "colour": "green", "event": {"a": 1}})


def test_a_function_sees_the_variables_of_lambda_and_none_of_the_server(
    functions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    _, variables = invoke(functions, {}, add_function(functions, "environment", "checks.environment"))
    assert (variables["AWS_REGION"], variables["AWS_LAMBDA_FUNCTION_NAME"], variables["COLOUR"]) == (
        "eu-west-1", "environment", "green",
    )  # fmt: skip
    assert "SECRET_OF_THE_SERVER" not in variables


def test_a_handler_receives_a_context(functions: Any) -> None:
    name, arn, left = invoke(functions, {"who": True})[1]
    assert (name, arn) == ("smoke", ARN)
    assert 0 < left <= 1000


@pytest.mark.parametrize("name", [ARN, ARN + ":$LATEST", "123456789012:function:smoke", "smoke:$LATEST"])
def test_a_function_can_be_invoked_by_its_arn(functions: Any, name: str) -> None:
    assert invoke(functions, {}, name)[1]["status"] == "Succeeded"


def test_a_published_version_keeps_its_code(functions: Any) -> None:
    name = add_function(functions, "versioned", "checks.handler", code="def handler(event, context): return 'old'")
    functions.publish_version(FunctionName=name)
    new = zipped("checks.py", "def handler(event, context): return 'new'")
    functions.update_function_code(FunctionName=name, ZipFile=new)
    assert invoke(functions, {}, name, Qualifier="1")[1] == "old"
    assert invoke(functions, {}, name)[1] == "new"


def test_a_function_that_raises_is_an_unhandled_error(functions: Any) -> None:
    error, answer = invoke(functions, {"raise": True})
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "ValueError", "no stock")
    assert len(answer["stackTrace"]) == 1
    assert "in handler" in answer["stackTrace"][0]


@pytest.mark.parametrize(
    ("handler", "event", "kind"),
    [
        ("nowhere.handler", {}, "Runtime.ImportModuleError"),
        ("checks.nobody", {}, "Runtime.HandlerNotFound"),
        ("checks", {}, "Runtime.MalformedHandlerName"),
        ("checks.handler", {"set": True}, "Runtime.MarshalError"),
        ("checks.handler", {"exit": 3}, "Runtime.ExitError"),
    ],
)
def test_an_error_of_the_runtime_has_the_name_that_aws_gives_it(
    functions: Any, handler: str, event: dict[str, Any], kind: str
) -> None:
    error, answer = invoke(functions, event, add_function(functions, kind.partition(".")[2], handler))
    assert (error, answer["errorType"]) == ("Unhandled", kind)


def test_a_function_that_times_out_is_killed_with_its_child_processes(functions: Any, tmp_path: Path) -> None:
    error, answer = invoke(functions, {"pids": str(tmp_path / "pids"), "sleep": 30})
    assert (error, answer["errorMessage"]) == ("Unhandled", "Task timed out after 1.00 seconds")
    until(lambda: not any(runs(pid) for pid in pids_in(tmp_path / "pids")))


def test_the_time_out_does_not_include_the_init_phase(functions: Any) -> None:
    code = "import time; time.sleep(1.5)\ndef handler(event, context): return 'loaded'"
    assert invoke(functions, {}, add_function(functions, "slow", "checks.handler", code=code, timeout=1)) == (
        None,
        "loaded",
    )


def test_an_asynchronous_event_is_accepted_before_it_is_handled(functions: Any, tmp_path: Path) -> None:
    event = json.dumps({"pids": str(tmp_path / "pids"), "sleep": 30}).encode()
    answer = functions.invoke(FunctionName="smoke", InvocationType="Event", Payload=event)
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert len(pids_in(tmp_path / "pids")) == 2


def test_the_output_of_a_function_goes_to_its_log_group(functions: Any, cloud: LocalCloud) -> None:
    name = add_function(functions, "talking", "checks.handler")
    answer = functions.invoke(FunctionName=name, Payload=b"{}", LogType="Tail")
    invoke(functions, {"raise": True}, name)
    events = client("logs", cloud.endpoint).filter_log_events(logGroupName="/aws/lambda/talking")["events"]
    assert base64.b64decode(answer["LogResult"]) == b"said aside\n"
    assert [event["message"] for event in events][:2] == ["said aside", "[ERROR] ValueError: no stock"]


def test_an_unknown_function_is_not_found(functions: Any) -> None:
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*function:nobody") as caught:
        invoke(functions, {}, "nobody")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_an_event_that_is_not_valid_json_is_rejected(functions: Any) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        functions.invoke(FunctionName="smoke", Payload=b"{")


def test_running_functions_are_killed_when_the_local_cloud_stops(
    functions: Any, cloud: LocalCloud, tmp_path: Path
) -> None:
    own = Functions(ACCOUNT, REGION, tmp_path / "functions")
    function = lambda_backends[ACCOUNT][REGION].get_function(
        add_function(functions, "endless", "checks.handler", timeout=60)
    )
    event = json.dumps({"pids": str(tmp_path / "pids"), "sleep": 60}).encode()
    answers: list[InvokeResult] = []
    caller = threading.Thread(target=lambda: answers.append(own.invoke(function, event)))
    caller.start()
    pids = pids_in(tmp_path / "pids")
    own.stop()
    caller.join()
    until(lambda: not any(runs(pid) for pid in pids))
    assert b"SIGKILL" in answers[0].payload
    assert list((tmp_path / "functions").iterdir()) == []


def test_no_function_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    server = process.up(tmp_path, port=0)
    try:
        functions = client_with_function(server.endpoint)
        functions.update_function_configuration(FunctionName="smoke", Timeout=60)
        event = json.dumps({"pids": str(tmp_path / "pids"), "sleep": 60}).encode()
        functions.invoke(FunctionName="smoke", InvocationType="Event", Payload=event)
        handler, left = pids_in(tmp_path / "pids")
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not runs(handler))
        with suppress(ProcessLookupError):  # the kernel ends only what the server itself has started
            os.kill(left, signal.SIGKILL)
    finally:
        process.down(tmp_path)
