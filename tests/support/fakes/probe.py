"""The Probe port in memory."""

from dataclasses import dataclass

from cutover.domain import ReleaseRef
from cutover.ports import ProbeResult
from support.fakes.cloud import FakeCloud, release_of


@dataclass
class FakeProbe:
    """Implements `cutover.ports.Probe`; the body is the version that answers.

    A header that no rule matches leads to the listener's default action, as for any user.
    """

    cloud: FakeCloud

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        if not self.cloud.environment_exists:
            return ProbeResult(status=None, body="", latency_seconds=0.0, error="Connection refused", connected=False)
        if release.release in self.cloud.stacks:
            return self._answer_of(release.release)
        if not self.cloud.weights:
            return _answer(503, self.cloud.no_traffic_body)
        return self._answer_of(release_of(max(self.cloud.weights, key=lambda arn: self.cloud.weights[arn])))

    def _answer_of(self, release: str) -> ProbeResult:
        """The answer of a target; where none is healthy the load balancer uses each registered one."""
        if not set(self.cloud.target_states(release)) - {"draining"}:
            return _answer(503, "")
        status = 500 if self.cloud.behaviour_of(release) == "errors" else 200
        return _answer(status, self.cloud.stacks[release].version)


def _answer(status: int, body: str) -> ProbeResult:
    return ProbeResult(status=status, body=body, latency_seconds=0.01, error="", connected=True)
