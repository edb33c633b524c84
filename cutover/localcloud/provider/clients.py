"""Creates boto3 clients from the configuration of the provider, one for each service."""

import json
import threading
from typing import Any

from cutover.localcloud.provider.values import Properties


class Clients:
    """Returns a client for the name of a service; thread-safe."""

    def __init__(self, configuration: Properties) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self.region = str(configuration.get("region") or "us-east-1")

    def __call__(self, service: str) -> Any:
        """Return the client of `ecs`, `elbv2`, …"""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create(service)
            return self._clients[service]

    def default_tags(self) -> dict[str, str]:
        """Return the tags of every resource."""
        return dict(_nested(self._configuration.get("defaultTags"), {}).get("tags") or {})

    def _create(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,  # type: ignore[call-overload]  # the service is a variable here
            region_name=self.region,
            endpoint_url=self._endpoint(service),
            **self._credentials(),
            config=Config(retries={"mode": "standard", "max_attempts": 5}, s3={"addressing_style": "path"}),
        )

    def _endpoint(self, service: str) -> str | None:
        endpoints = _nested(self._configuration.get("endpoints"), [])
        return next((each[service] for each in endpoints if service in each), None)

    def _credentials(self) -> dict[str, Any]:
        """The keys of the configuration, or of the role that it assumes with them."""
        keys = {
            "aws_access_key_id": self._configuration.get("accessKey"),
            "aws_secret_access_key": self._configuration.get("secretKey"),
        }
        roles = _nested(self._configuration.get("assumeRoles"), [])
        return keys if not roles else self._assumed(keys, roles[0])

    def _assumed(self, keys: dict[str, Any], role: Properties) -> dict[str, Any]:
        import boto3

        sts = boto3.client("sts", region_name=self.region, endpoint_url=self._endpoint("sts"), **keys)
        request = {"RoleArn": role["roleArn"], "RoleSessionName": role.get("sessionName") or "pulumi"}
        if role.get("externalId"):
            request["ExternalId"] = role["externalId"]
        given = sts.assume_role(**request)["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }


def _nested(value: Any, absent: Any) -> Any:
    """Parse a nested setting: the engine sends it as JSON text."""
    if value is None:
        return absent
    return json.loads(value) if isinstance(value, str) else value
