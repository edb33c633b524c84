"""The tasks of one release, which start, serve and stop as the clock advances."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cutover.ports import StoppedTask

PENDING = timedelta(seconds=1)
"""From the start of a task to RUNNING, when ECS registers it as a target."""
CHECKING = timedelta(seconds=1)
"""From RUNNING to the first health checks that pass or fail."""
STOPPING = timedelta(seconds=30)
"""How long the tasks of a release that behaves as `slow-stop` still run after the drain."""
CRASH_INTERVAL = timedelta(seconds=10)
CIRCUIT_BREAKER_FAILURES = 3


@dataclass(slots=True)
class FakeTask:
    """One task; `stop_at` is when ECS decided to stop it."""

    start_at: datetime
    stop_at: datetime | None = None


@dataclass(slots=True)
class FakeTasks:
    """All tasks of one service; `drain` is the deregistration delay of its target group."""

    drain: timedelta
    desired: int = 0
    rollout_completed: bool = False
    _tasks: list[FakeTask] = field(default_factory=list)
    _crashing_since: datetime | None = None

    def scale(self, count: int, now: datetime) -> None:
        """Start or stop tasks; the newest stop first."""
        self.desired = count
        kept = [task for task in self._tasks if task.stop_at is None]
        for task in kept[count:]:
            task.stop_at = now
        self._tasks += [FakeTask(now) for _ in range(count - len(kept))]

    def copy(self) -> "FakeTasks":
        """The same tasks, which change on their own from now on."""
        return replace(self, _tasks=[replace(task) for task in self._tasks])

    def lose_one(self, now: datetime, missing: timedelta = timedelta(0)) -> bool:
        """The oldest running task dies, and after `missing` another one starts; False if no task runs."""
        for task in self._tasks:
            if task.stop_at is None and now >= task.start_at + PENDING:
                task.start_at = now + missing
                return True
        return False

    def add_one(self, now: datetime) -> None:
        """Rebalancing starts a task before it stops another one: one more than desired."""
        self._tasks.append(FakeTask(now))

    def target_states(self, behaviour: str, now: datetime) -> tuple[str, ...]:
        """The state of each registered target."""
        states = (self._state(task, behaviour, now) for task in self._tasks)
        return tuple(state for state in states if state not in ("pending", "stopped"))

    def count(self, behaviour: str, now: datetime) -> tuple[int, int]:
        """Numbers of running and of pending tasks."""
        states = [self._state(task, behaviour, now) for task in self._tasks]
        running = sum(state in ("initial", "healthy", "unhealthy") for state in states)
        return running, states.count("pending")

    def leaving(self, behaviour: str, now: datetime) -> int:
        """Number of tasks that drain or stop: they no longer count as running, and still do their work."""
        stopping = self.drain + (STOPPING if behaviour == "slow-stop" else timedelta(0))
        return sum(task.stop_at is not None and now < task.stop_at + stopping for task in self._tasks)

    def rollout(self, behaviour: str, now: datetime) -> tuple[str, int]:
        """ECS's rollout state and its count of failed tasks; a completed rollout stays completed."""
        if self.rollout_completed:
            return "COMPLETED", 0
        failures = self._crashes(behaviour, now)
        if failures >= CIRCUIT_BREAKER_FAILURES:
            return "FAILED", failures
        states = [self._state(task, behaviour, now) for task in self._tasks]
        self.rollout_completed = states.count("healthy") == len(states) == self.desired
        return "COMPLETED" if self.rollout_completed else "IN_PROGRESS", failures

    def stopped(self, behaviour: str, now: datetime) -> tuple[StoppedTask, ...]:
        """The tasks that ended, with ECS's reason."""
        crashed = StoppedTask("task/crashed", "Essential container in task exited", 1, now, "EssentialContainerExited")
        reason = "Scaling activity initiated by (deployment ecs-svc/1)"
        ended = [t.stop_at + self.drain for t in self._tasks if t.stop_at is not None]
        scaled_in = tuple(
            StoppedTask("task/scaled-in", reason, 0, at, "ServiceSchedulerInitiated") for at in ended if at <= now
        )
        return (crashed,) * self._crashes(behaviour, now) + scaled_in

    def _state(self, task: FakeTask, behaviour: str, now: datetime) -> str:
        if task.stop_at is not None:
            return "draining" if now < task.stop_at + self.drain else "stopped"
        if behaviour == "slow-start" or now < task.start_at + PENDING:
            return "pending"
        if behaviour == "crash":
            return "stopped"
        if now < task.start_at + PENDING + CHECKING:
            return "initial"
        return "unhealthy" if behaviour == "unhealthy" else "healthy"

    def _crashes(self, behaviour: str, now: datetime) -> int:
        """Number of crashed tasks: two at once, then one more in each interval."""
        starting = all(now < task.start_at + PENDING for task in self._tasks)
        if behaviour != "crash" or starting:
            self._crashing_since = None
            return 0
        self._crashing_since = self._crashing_since or now
        return 2 + (now - self._crashing_since) // CRASH_INTERVAL
