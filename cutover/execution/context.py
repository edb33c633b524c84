"""What the steps share: the world, the recorder, and look-ups by release that they all make."""

from dataclasses import dataclass

from cutover.domain import Allocation, Release, ReleaseOutputs, ReleaseRef, ReleaseState, SetTraffic, Weight
from cutover.domain.errors import StepFailed
from cutover.execution.recorder import Recorder
from cutover.ports import EnvironmentOutputs, Ports


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """One execution at work."""

    ports: Ports
    recorder: Recorder
    environment: EnvironmentOutputs

    def release(self, ref: ReleaseRef) -> Release:
        """The ledger's entry; raises `StepFailed` where there is none."""
        found = self.ports.ledger.release(ref.release)
        if found is None:
            raise StepFailed("RELEASE_UNKNOWN", f"the ledger has no release {ref.release}", "cutover releases")
        return found

    def outputs(self, ref: ReleaseRef) -> ReleaseOutputs:
        """Where the release stands; raises `StepFailed` where its stack was never finished."""
        outputs = self.release(ref).outputs
        if outputs is None:
            raise StepFailed("RELEASE_UNFINISHED", f"the stack of {ref.release} was never finished", "cutover resume")
        return outputs

    def set_state(self, ref: ReleaseRef, state: ReleaseState, **changes: object) -> None:
        """Record where the release is in its life."""
        release = self.release(ref).model_copy(update={"state": state, **changes})
        self.ports.ledger.put_release(self.recorder.lease, release)

    def recorded(self) -> Allocation:
        """The recorded allocation; empty before the first."""
        return self.ports.ledger.allocation() or Allocation()

    def allocation(self, step: SetTraffic) -> Allocation:
        """The allocation that a step asks for, as of now."""
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
