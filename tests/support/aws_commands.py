"""The `aws` commands of a page, run as boto3 calls; the AWS CLI derives its commands from the same models."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name


def commands_of(page: Path) -> list[str]:
    """The indented `aws` commands of a Markdown page; a backslash at the end of a line continues it."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^ {4}(aws .*)$", text, re.MULTILINE)


def run(command: str, values: Mapping[str, str], variables: Mapping[str, str], folder: Path = Path()) -> Any:
    """Run one command with `values` in place of its capital words, and return what it would print.

    `file://NAME` is a file of `folder`.

    Raises:
        botocore.exceptions.BotoCoreError | ClientError: the command is wrong, or the service refuses it.
    """
    for word, value in values.items():
        command = command.replace(word, value)
    _, service, operation, *options = shlex.split(command)
    client = boto3.client(
        service,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name="eu-west-1",
        aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID", "t"),
        aws_secret_access_key="t",
    )
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation.replace("-", "_")])
    arguments, query = {}, "@"
    for option, value in zip(options[::2], options[1::2], strict=True):
        if option == "--query":
            query = value
            continue
        names = {xform_name(name, "-"): name for name in model.input_shape.members}
        name = names[option.removeprefix("--")]
        if value.startswith("file://"):
            arguments[name] = (folder / value.removeprefix("file://")).read_text(encoding="utf-8")
            continue
        is_list = model.input_shape.members[name].type_name == "list"
        arguments[name] = json.loads(value) if value.startswith(("[", "{")) else [value] if is_list else value
    answer = getattr(client, operation.replace("-", "_"))(**arguments)
    return jmespath.search(query, answer)
