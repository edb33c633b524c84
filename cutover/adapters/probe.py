"""The Probe port: HTTP requests to one release by the header that only its test-traffic rule matches."""

import http.client
import json
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from cutover.config.schema import Provider
from cutover.domain import ReleaseRef
from cutover.domain.errors import StepFailed
from cutover.domain.test_traffic import HEADER
from cutover.ports import EnvironmentOutputs, ProbeResult

_MOST_BYTES = 64 * 1024


class HttpProbe:
    """Implements `cutover.ports.Probe`; `base` is `http://HOST:PORT` or `https://HOST:PORT`."""

    def __init__(self, base: str) -> None:
        self._base = base

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        """GET `path`; redirects are answers like any other, and of the body 64 KiB are read."""
        began = time.monotonic()
        try:
            status, text = _get(self._base, path, {HEADER: release.digest8}, timeout_seconds)
        except (OSError, http.client.HTTPException) as error:
            taken = time.monotonic() - began
            return ProbeResult(status=None, body="", latency_seconds=taken, error=f"{type(error).__name__}: {error}")
        return ProbeResult(status=status, body=text, latency_seconds=time.monotonic() - began, error="")


def probe_for(provider: Provider) -> Callable[[EnvironmentOutputs], HttpProbe]:
    """How to reach an environment's load balancer: by its DNS name, or where an endpoint says that it listens."""
    if provider.endpoint is None:
        return lambda outputs: HttpProbe(
            f"{outputs.listener_protocol.lower()}://{outputs.load_balancer_dns_name}:{outputs.listener_port}"
        )
    endpoint = provider.endpoint
    return lambda outputs: HttpProbe(load_balancer_url(endpoint, outputs.load_balancer_name))


def load_balancer_url(endpoint: str, load_balancer: str) -> str:
    """An endpoint other than AWS's has no DNS: it tells where each load balancer listens."""
    try:
        _, text = _get(endpoint, "/_cutover/status", {}, 5.0)
        return str(json.loads(text)["load_balancers"][load_balancer])
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        message = f"{endpoint} does not say where the load balancer {load_balancer} listens: {error!r}"
        raise StepFailed("LOAD_BALANCER_UNKNOWN", message, "cutover local status") from error


def _get(base: str, path: str, headers: dict[str, str], timeout: float) -> tuple[int, str]:
    parts = urlsplit(base)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # The certificate is for the service's own name, not for the load balancer's; what is probed is the release.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close", "User-Agent": "cutover-probe", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES).decode(errors="replace")
    finally:
        connection.close()
