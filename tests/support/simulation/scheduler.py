"""Actors that are interleaved at every hand-over, and the virtual time that they share.

An actor is a greenlet. It runs until its slice is used up or until it sleeps; then the director decides who goes on. A
killed actor is never resumed, so that no `except` and no `finally` runs, as with SIGKILL.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from greenlet import GreenletExit, getcurrent, greenlet

START = 1000.0
"""Seconds: the virtual time at the beginning."""


@dataclass(eq=False, slots=True)
class Process:
    """One process of an operating system: a driver or a person's command, with the renewal of its lease."""

    name: str
    verb: str
    skew: float = 0.0
    """Seconds by which its wall clock is ahead of the true time."""
    alive: bool = True
    frozen_until: float = 0.0
    """The process is stopped (SIGSTOP) until this time."""
    signalled: bool = False
    """Whether it received SIGTERM and has not noticed it yet."""
    fence: int = 0
    """Fence of the lease that it has, or had; 0 before it took one."""
    seconds_left: Callable[[], float] | None = None
    """Time left of the lease that it holds; None if it holds none."""
    ended: str = ""
    """How the process ended: a status, an error code, or KILLED."""
    error: BaseException | None = None
    """An error that is no CutoverError: a defect."""
    notes: dict[str, float] = field(default_factory=dict)
    """What the checks remember about this process."""


@dataclass(eq=False, slots=True)
class Actor:
    """One line of execution. `wake` is the virtual time at which it can go on."""

    process: Process
    greenlet: greenlet
    wake: float

    @property
    def ready_at(self) -> float:
        """When the actor can go on; a stopped process goes on when it is continued."""
        return max(self.wake, self.process.frozen_until)


class Scheduler:
    """Runs actors in slices. The greenlet that creates it is the director."""

    def __init__(self) -> None:
        self.now = START
        self.calls = 0
        """Number of hand-overs so far."""
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self._graves: list[Actor] = []
        self._hub = getcurrent()
        self._budget = 0
        self._until = inf

    def spawn(self, process: Process, act: Callable[[], None]) -> Actor:
        """Add an actor that will run `act`."""

        def run() -> None:
            try:
                act()
            finally:
                if actor in self.actors:
                    self.actors.remove(actor)

        actor = Actor(process, greenlet(run, self._hub), self.now)
        self.actors.append(actor)
        return actor

    def hand_over(self) -> None:
        """Called by an actor: a place where another one may go on."""
        self.calls += 1
        self._budget -= 1
        if self._budget <= 0 and self.current is not None:
            self._hub.switch()

    def sleep(self, seconds: float) -> None:
        """Called by an actor: go on after `seconds` of virtual time."""
        me = self.current
        if me is None:
            self.now += seconds
            return
        me.wake = self.now + max(0.0, seconds)
        self._budget -= 1
        if (
            self._budget > 0
            and me.wake <= self._until
            and all(other.ready_at > me.wake for other in self.actors if other is not me)
        ):
            self.now = me.wake
            return
        self._hub.switch()

    def run(self, hand_overs: int, who: int = 0, until: float = inf) -> None:
        """Called by the director: let actors run for a number of hand-overs, or until the virtual time `until`.

        Of the actors that can go on, number `who` does; where none can, the time moves to the next wake-up.
        """
        self._budget, self._until = hand_overs, until
        while self._budget > 0 and self.actors:
            ready = [actor for actor in self.actors if actor.ready_at <= self.now]
            if not ready:
                earliest = min(actor.ready_at for actor in self.actors)
                if earliest > until:
                    self.now = max(self.now, until)
                    return
                self.now = earliest
                continue
            if self.now > until:
                return
            self.current = ready[who % len(ready)]
            try:
                self.current.greenlet.switch()
            finally:
                self.current = None

    def kill(self, process: Process) -> None:
        """SIGKILL: none of the process's actors goes on, now or later."""
        if not process.alive:
            return
        process.alive, process.ended = False, "KILLED"
        self._graves += [actor for actor in self.actors if actor.process is process]
        self.actors = [actor for actor in self.actors if actor.process is not process]

    def is_at_work(self, process: Process) -> bool:
        """Whether the process has not ended."""
        return any(actor.process is process for actor in self.actors)

    def abandon(self) -> None:
        """Called by an actor whose process was killed: it never goes on."""
        self._hub.switch()

    def close(self) -> None:
        """Let all greenlets end. Their ports refuse every call by then, so that no handler has an effect."""
        for actor in (*self.actors, *self._graves):
            actor.process.alive = False
            if actor.greenlet:
                actor.greenlet.parent = getcurrent()
                actor.greenlet.throw(GreenletExit)
        self.actors, self._graves = [], []
