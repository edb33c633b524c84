"""A test can decide about every request to the local cloud."""

from pathlib import Path
from wsgiref.types import WSGIEnvironment

import boto3
import pytest
from botocore.exceptions import ClientError

from cutover.localcloud.backends import AwsError, Call
from cutover.localcloud.server import LocalCloud


def test_a_request_that_is_not_authorized_has_no_effect(tmp_path: Path) -> None:
    asked: list[str] = []

    def authorize(call: Call, environ: WSGIEnvironment) -> AwsError | None:
        asked.append(f"{call.service}:{call.action}")
        return AwsError("AccessDenied", "no", 403) if call.action == "CreateTopic" else None

    with LocalCloud(tmp_path, authorize=authorize) as cloud:
        sns = boto3.client(
            "sns",
            endpoint_url=cloud.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="t",
            aws_secret_access_key="t",
        )
        with pytest.raises(ClientError, match="AccessDenied"):
            sns.create_topic(Name="orders")
        assert sns.list_topics()["Topics"] == []
    assert asked == ["sns:CreateTopic", "sns:ListTopics"]
