"""HTTP requests to a release by its test-traffic rule."""

from dataclasses import dataclass
from typing import Protocol

from cutover.domain import ReleaseRef


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One HTTP request's outcome; `latency_seconds` to the last byte; `error` set when there was no answer."""

    status: int | None
    body: str
    latency_seconds: float
    error: str


class Probe(Protocol):
    """HTTP requests to a release by its test-traffic rule."""

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        """GET `path` at the load balancer with the header that only this release's rule matches."""
        ...
