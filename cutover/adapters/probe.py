"""The Probe port: HTTP requests to one release by the header that only its test-traffic rule matches."""

import time
from collections.abc import Callable

from cutover.adapters.endpoint import endpoint_status
from cutover.adapters.http import request
from cutover.config.schema import Provider
from cutover.domain import ReleaseRef
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.domain.test_traffic import HEADER
from cutover.ports import EnvironmentOutputs, ProbeResult

_LIMIT_BYTES = 64 * 1024


class HttpProbe:
    """Implements `cutover.ports.Probe`; `base` is `http://HOST:PORT` or `https://HOST:PORT`."""

    def __init__(self, base: str) -> None:
        self._base = base

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        """See `cutover.ports.Probe`: redirects are not followed, and 64 KiB of the body are read."""
        start = time.monotonic()
        try:
            # The certificate is for the service's own name, not for the load balancer's; the probe judges the release.
            response = request(
                "GET",
                f"{self._base}{path}",
                headers={"User-Agent": "cutover-probe", HEADER: release.digest8},
                timeout_seconds=timeout_seconds,
                limit_bytes=_LIMIT_BYTES,
                verify_certificate=False,
            )
        except TransientFailure as failure:
            latency = time.monotonic() - start
            return ProbeResult(status=None, body="", latency_seconds=latency, error=failure.message)
        latency = time.monotonic() - start
        return ProbeResult(status=response.status, body=response.text, latency_seconds=latency, error="")


def probe_for(provider: Provider) -> Callable[[EnvironmentOutputs], HttpProbe]:
    """How to reach an environment's load balancer: by its DNS name, or where the endpoint says that it listens."""
    if provider.endpoint is None:
        return lambda outputs: HttpProbe(
            f"{outputs.listener_protocol.lower()}://{outputs.load_balancer_dns_name}:{outputs.listener_port}"
        )
    endpoint = provider.endpoint
    return lambda outputs: HttpProbe(load_balancer_url(endpoint, outputs.load_balancer_name))


def load_balancer_url(endpoint: str, load_balancer: str) -> str:
    """The address of a load balancer on an endpoint that has no DNS, from the endpoint's status page.

    Raises:
        StepFailed: the endpoint has no such load balancer, or no status page.
        TransientFailure: the endpoint does not answer.
    """
    url = endpoint_status(endpoint).load_balancers.get(load_balancer)
    if url is None:
        message = f"{endpoint} has no load balancer {load_balancer}"
        raise StepFailed("LOAD_BALANCER_UNKNOWN", message, "cutover local status")
    return url
