"""The Probe port: sends HTTP requests with the header that only the test-traffic rule of one release matches."""

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
        """See `cutover.ports.Probe`: redirects are not followed, and at most 64 KiB of the body are read."""
        try:
            # The certificate is for the service's host name, and the probe calls the load balancer by its own DNS name.
            response = request(
                "GET",
                f"{self._base}{path}",
                headers={"User-Agent": "cutover-probe", HEADER: release.digest8},
                timeout_seconds=timeout_seconds,
                limit_bytes=_LIMIT_BYTES,
                verify_certificate=False,
            )
        except TransientFailure as failure:
            connected = failure.code != "UNREACHABLE"
            return ProbeResult(None, "", latency_seconds=0.0, error=failure.message, connected=connected)
        return ProbeResult(response.status, response.text, response.seconds, error="", connected=True)


def probe_for(provider: Provider) -> Callable[[EnvironmentOutputs], HttpProbe]:
    """The probe of an environment: by the load balancer's DNS name, or at the URL in the local cloud's status page."""
    if provider.endpoint is None:
        return lambda outputs: HttpProbe(
            f"{outputs.listener_protocol.lower()}://{outputs.load_balancer_dns_name}:{outputs.listener_port}"
        )
    endpoint = provider.endpoint
    return lambda outputs: HttpProbe(load_balancer_url(endpoint, outputs.load_balancer_name))


def load_balancer_url(endpoint: str, load_balancer: str) -> str:
    """The URL of a load balancer of the local cloud, which has no DNS; from its status page.

    Raises:
        StepFailed: the endpoint has no such load balancer, or no status page.
        TransientFailure: the endpoint does not answer.
    """
    url = endpoint_status(endpoint).load_balancers.get(load_balancer)
    if url is None:
        message = f"{endpoint} has no load balancer {load_balancer}"
        raise StepFailed("LOAD_BALANCER_UNKNOWN", message, "cutover local status")
    return url
