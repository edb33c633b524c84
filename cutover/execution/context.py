"""Shared by the handlers of one execution: the ports, the recorder, the lease, and look-ups by release."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cutover.domain import Allocation, Release, ReleaseOutputs, ReleaseRef, SetTraffic, Weight
from cutover.domain.errors import StepFailed
from cutover.execution.knowledge import Knowledge
from cutover.execution.patience import Patience
from cutover.execution.recorder import Recorder
from cutover.ports import EnvironmentOutputs, HeldLease, Ports


@dataclass(slots=True)
class Moves:
    """When this driver last changed the weights, on its monotonic clock; None before its first change."""

    last: float | None = None


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """One execution that a driver carries out. `environment` holds the outputs of the environment stack."""

    ports: Ports
    recorder: Recorder
    environment: EnvironmentOutputs
    held: HeldLease
    knowledge: Knowledge
    patience: Patience
    """For steps and everything else that the engine carries out."""
    reading: Patience
    """For the reads of requests, which happen every second and would hide that a step makes no progress."""
    moves: Moves = field(default_factory=Moves)

    def release(self, ref: ReleaseRef) -> Release:
        """The ledger's entry of a release; raises `StepFailed` if there is none."""
        release = self.ports.ledger.release(ref.release)
        if release is None:
            raise StepFailed("RELEASE_UNKNOWN", f"the ledger has no release {ref.release}", "cutover releases")
        return release

    def outputs(self, ref: ReleaseRef) -> ReleaseOutputs:
        """The outputs of the release's stack; raises `StepFailed` if the stack was never completed."""
        outputs = self.release(ref).outputs
        if outputs is None:
            raise StepFailed("RELEASE_INCOMPLETE", f"the stack of {ref.release} was never completed", "cutover resume")
        return outputs

    def started_at(self, ref: ReleaseRef) -> datetime:
        """When the release was last scaled by this execution, or else when it was created."""
        return self.recorder.execution.scaled_at.get(ref.release) or self.release(ref).created_at

    def recorded_allocation(self) -> Allocation:
        """The recorded weights; empty before the first release."""
        return self.ports.ledger.allocation()

    def live_weights(self) -> Mapping[str, int]:
        """Target group ARN → weight, of the target groups that have traffic now."""
        return self.ports.traffic.weights(self.environment.listener_arn)

    def allocation(self, step: SetTraffic) -> Allocation:
        """The allocation that the step sets. Raises `StepFailed` if a release has no stack."""
        return Allocation(
            weights=tuple(
                Weight(
                    release=share.release.release,
                    version=share.release.version,
                    target_group_arn=self.outputs(share.release).target_group_arn,
                    weight=share.weight,
                )
                for share in step.shares
            ),
            maintenance=step.maintenance,
        )

    def candidate_weight(self) -> int:
        """Percent of the traffic that the candidate has, as last read back."""
        head = self.recorder.execution
        return next((share.weight for share in head.traffic if share.release == head.candidate.release), 0)
