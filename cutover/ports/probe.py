"""HTTP requests to one release through its test-traffic rule."""

from dataclasses import dataclass
from typing import Protocol

from cutover.domain import ReleaseRef


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one HTTP request.

    `latency_seconds` runs from the connection, with TLS, to the last byte. Without an answer `status` is None and
    `error` has the reason; `connected` says whether there was a connection to the load balancer.
    """

    status: int | None
    body: str
    latency_seconds: float
    error: str
    connected: bool


class Probe(Protocol):
    """Sends HTTP requests to one release, whatever its weight."""

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        """GET `path` from the load balancer, with the header that only the rule of this release matches."""
        ...
