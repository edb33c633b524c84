"""What the steps share: the world, the recorder, and look-ups by release that they all make."""

from dataclasses import dataclass

from driver.errors import StepFailed
from driver.model import Allocation, Release, ReleaseRef, ReleaseState, Stand, Weight
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

    def allocation(self, weights: tuple[tuple[ReleaseRef, int], ...]) -> Allocation:
        """The allocation that gives each release its weight, as of now."""
        return Allocation(
            weights=tuple(
                Weight(
                    release=ref.release,
                    version=ref.version,
                    target_group_arn=self.stand(ref).target_group_arn,
                    weight=weight,
                )
                for ref, weight in weights
            ),
            moved_at=self.world.clock.now(),
        )

    def wait_until_drained(self, seconds: float) -> None:
        """Wait until `seconds` have passed since the weights last moved; interruptible, and right after a resume."""
        moved_at = self.recorded().moved_at
        if moved_at is not None:
            self.world.clock.sleep(max(0.0, seconds - (self.world.clock.now() - moved_at).total_seconds()))
