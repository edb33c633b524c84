"""The Compute port in memory."""

from dataclasses import dataclass, replace
from datetime import timedelta

from cutover.domain import ReleaseOutputs
from cutover.ports import ServiceState, StoppedTask
from support.fakes.cloud import FakeCloud


@dataclass
class FakeCompute:
    """Implements `cutover.ports.Compute`."""

    cloud: FakeCloud

    def service(self, outputs: ReleaseOutputs) -> ServiceState | None:
        name = outputs.service_name
        if name not in self.cloud.stacks:
            return None
        count = self.cloud.desired[name]
        good = ServiceState("ACTIVE", count, count, 0, count, "COMPLETED", "", 0, ())
        if self.cloud.behaviour_of(name) == "slow-stop" and count == 0:
            left = 2 if self.cloud.clock.now() - self.cloud.scaled_at[name] < timedelta(seconds=30) else 0
            return replace(good, running=left)
        if self.cloud.behaviour_of(name) == "crash":
            stopped = StoppedTask("task/1", "Essential container in task exited", 1, self.cloud.clock.now())
            return replace(
                good, running=0, running_on_task_definition=0, rollout_state="IN_PROGRESS", stopped=(stopped,) * 2
            )
        if self.cloud.behaviour_of(name) == "slow-start":
            return replace(good, running=0, pending=count, running_on_task_definition=0, rollout_state="IN_PROGRESS")
        return good

    def scale(self, outputs: ReleaseOutputs, desired_count: int) -> None:
        self.cloud.record_call(f"scale {outputs.service_name.split('-')[1]} to {desired_count}")
        self.cloud.scaled_at[outputs.service_name] = self.cloud.clock.now()
        self.cloud.desired[outputs.service_name] = desired_count
