"""Shared by the handlers of one execution: the ports, the recorder, and look-ups by release."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Allocation, Release, ReleaseOutputs, ReleaseRef, ReleaseState, SetTraffic, Weight
from cutover.domain.errors import StepFailed
from cutover.execution.recorder import Recorder
from cutover.ports import EnvironmentOutputs, Ports


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """One execution that a driver carries out. `environment` holds the outputs of the environment stack."""

    ports: Ports
    recorder: Recorder
    environment: EnvironmentOutputs

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

    def set_state(self, ref: ReleaseRef, state: ReleaseState, **changes: object) -> None:
        """Record the state of a release, and `changes` of its other fields."""
        release = self.release(ref).model_copy(update={"state": state, **changes})
        self.ports.ledger.put_release(self.recorder.lease, release)

    def recorded_allocation(self) -> Allocation:
        """The recorded weights; empty before the first release."""
        return self.ports.ledger.allocation()

    def live_weights(self) -> Mapping[str, int]:
        """Target group ARN → weight, of the target groups that have traffic now."""
        return self.ports.traffic.weights(self.environment.listener_arn)

    def allocation(self, step: SetTraffic) -> Allocation:
        """The allocation that the step sets; `moved_at` is now. Raises `StepFailed` if a release has no stack."""
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
            moved_at=self.ports.clock.now(),
        )

    def step_started_at(self) -> datetime:
        """When the current step started, which a retry does not change; now if its start is not recorded."""
        return self.recorder.execution.step_started_at or self.ports.clock.now()
