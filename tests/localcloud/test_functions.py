"""Lambda functions run from their zip, and answer as AWS says."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.server import LocalCloud

CODE = """
import os, subprocess, sys, time
def handler(event, context):
    if 'pids' in event:
        left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
        with open(event['pids'], 'w') as file:
            file.write(f'{os.getpid()} {left.pid}')
    if event.get('write'):
        open(event['write'], 'w').close()
    if event.get('exit'):
        sys.exit(event['exit'])
    if event.get('unprintable'):
        return {1, 2}
    if event.get('context'):
        return [context.function_name, context.invoked_function_arn, context.get_remaining_time_in_millis()]
    if event.get('region'):
        return [os.environ['AWS_REGION'], os.environ['AWS_LAMBDA_FUNCTION_NAME'], sorted(os.environ)]
    if event.get('raise'):
        raise ValueError('no stock')
    if event.get('sleep'):
        time.sleep(event['sleep'])
    print('said aside')
    return {'status': 'Succeeded', 'colour': os.environ['COLOUR'], 'event': event}
"""


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    keys: dict[str, Any] = {"region_name": "eu-west-1", "aws_access_key_id": "t", "aws_secret_access_key": "t"}
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        trust = {"Version": "2012-10-17", "Statement": []}
        role = boto3.client("iam", endpoint_url=cloud.endpoint, **keys).create_role(
            RoleName="hook", AssumeRolePolicyDocument=json.dumps(trust)
        )["Role"]["Arn"]
        client = boto3.client("lambda", endpoint_url=cloud.endpoint, **keys)
        client.create_function(
            FunctionName="smoke",
            Runtime="python3.11",
            Role=role,
            Handler="checks.handler",
            Code={"ZipFile": zipped("checks.py", CODE)},
            Timeout=1,
            Environment={"Variables": {"COLOUR": "green"}},
        )
        yield client


def zipped(name: str, text: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, text)
    return held.getvalue()


def invoke(functions: Any, event: dict[str, Any], name: str = "smoke") -> tuple[str | None, Any]:
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_a_function_gets_the_event_and_its_environment_and_answers(functions: Any) -> None:
    error, answer = invoke(functions, {"a": 1})
    assert (error, answer) == (None, {"status": "Succeeded", "colour": "green", "event": {"a": 1}})


def test_a_function_is_found_by_its_arn_too(functions: Any) -> None:
    arn = functions.get_function(FunctionName="smoke")["Configuration"]["FunctionArn"]
    assert invoke(functions, {}, arn)[1]["status"] == "Succeeded"


def test_a_function_that_raises_is_an_unhandled_error(functions: Any) -> None:
    error, answer = invoke(functions, {"raise": True})
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "ValueError", "no stock")


def test_a_function_that_takes_too_long_is_ended(functions: Any) -> None:
    error, answer = invoke(functions, {"sleep": 30})
    assert (error, answer["errorMessage"]) == ("Unhandled", "Task timed out after 1.00 seconds")


def test_an_unknown_function_is_not_found(functions: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(functions, {}, "nobody")
