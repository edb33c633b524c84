"""boto3 clients of a local cloud, as its provider and the adapters create them."""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"


def clients(endpoint: str) -> Callable[[str], Any]:
    """Return a function from the name of a service to its client, which tries each call once."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    return client


def code(error: ClientError) -> str:
    """Return AWS's error code."""
    return str(error.response["Error"]["Code"])
