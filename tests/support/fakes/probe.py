"""The Probe port in memory."""

from dataclasses import dataclass

from cutover.domain import ReleaseRef
from cutover.ports import ProbeResult
from support.fakes.cloud import FakeCloud


@dataclass
class FakeProbe:
    """Implements `cutover.ports.Probe`; the body is the version that answers."""

    cloud: FakeCloud

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        status = 500 if self.cloud.behaviour_of(release.release) == "errors" else 200
        return ProbeResult(status=status, body=release.version, latency_seconds=0.01, error="")
