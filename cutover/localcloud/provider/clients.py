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

        endpoints = _nested(self._configuration.get("endpoints"), [])
        return boto3.client(
            service,  # type: ignore[call-overload]  # the service is a variable here
            region_name=self.region,
            endpoint_url=next((e[service] for e in endpoints if service in e), None),
            aws_access_key_id=self._configuration.get("accessKey"),
            aws_secret_access_key=self._configuration.get("secretKey"),
            config=Config(retries={"mode": "standard", "max_attempts": 5}, s3={"addressing_style": "path"}),
        )


def _nested(value: Any, absent: Any) -> Any:
    """Parse a nested setting: the engine sends it as JSON text."""
    if value is None:
        return absent
    return json.loads(value) if isinstance(value, str) else value
