"""Lambda functions run from their zip, and answer as AWS says."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.server import LocalCloud

CODE = """
import os, time
def handler(event, context):
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
