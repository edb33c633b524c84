"""What the steps share: the world, the recorder, and look-ups by release that they all make."""

from dataclasses import dataclass

from driver.errors import StepFailed
from driver.model import Allocation, Release, ReleaseRef, ReleaseState, SetTraffic, Stand, Weight
from driver.ports import EnvironmentOutputs
from driver.recorder import Recorder
from driver.world import World


@dataclass(frozen=True, slots=True)
class Scene:
    """One execution at work."""

    world: World
    recorder: Recorder
    outputs: EnvironmentOutputs

    def release(self, ref: ReleaseRef) -> Release:
        """The ledger's entry; raises `StepFailed` where there is none."""
        found = self.world.ledger.release(ref.release)
        if found is None:
            raise StepFailed("RELEASE_UNKNOWN", f"the ledger has no release {ref.release}", "cutover releases")
        return found

    def stand(self, ref: ReleaseRef) -> Stand:
        """Where the release stands; raises `StepFailed` where its stack was never finished."""
        stand = self.release(ref).stand
        if stand is None:
            raise StepFailed("RELEASE_UNFINISHED", f"the stack of {ref.release} was never finished", "cutover resume")
        return stand

    def set_state(self, ref: ReleaseRef, state: ReleaseState, **changes: object) -> None:
        """Record where the release is in its life."""
        release = self.release(ref).model_copy(update={"state": state, **changes})
        self.world.ledger.put_release(self.recorder.lease, release)

    def recorded(self) -> Allocation:
        """The recorded allocation; empty before the first."""
        return self.world.ledger.allocation() or Allocation()

    def allocation(self, step: SetTraffic) -> Allocation:
        """The allocation that a step asks for, as of now."""
        return Allocation(
            weights=tuple(
                Weight(
                    release=share.release.release,
                    version=share.release.version,
                    target_group_arn=self.stand(share.release).target_group_arn,
                    weight=share.weight,
                )
                for share in step.shares
            ),
            maintenance=step.maintenance,
            moved_at=self.world.clock.now(),
        )
