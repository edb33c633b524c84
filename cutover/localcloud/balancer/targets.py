"""The targets of all target groups: their health, and the choice of the target for the next request.

The event loop of the data plane and the threads that answer DescribeTargetHealth share the registry. One lock guards
it, and is never held during a wait.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cutover.localcloud.balancer.health import (
    CHECKING,
    CHECKS_DISABLED,
    DRAINING,
    REGISTERING,
    UNUSED,
    CheckResult,
    Health,
    next_health,
)
from cutover.localcloud.balancer.topology import Target, TargetGroup, Topology

_SHORTEST_TIMEOUT = 1.0  # seconds; a shorter one would measure this machine's load, not the target

_CHECKED = frozenset({"initial", "healthy", "unhealthy"})


@dataclass(slots=True)
class _Tracked:
    health: Health
    check_at: float = 0.0  # the clock's time of the next check
    checking: bool = False
    gone_at: float | None = None  # when draining ends
    draining_since: float | None = None  # if the target was healthy
    outstanding: int = 0
    among_first: bool = False  # registered into an empty group, and not healthy yet
    warming_since: float | None = None  # when slow start began
    credit: float = 0.0  # in the smooth weighted round robin


@dataclass(slots=True)
class _Group:
    settings: TargetGroup
    in_use: bool
    tracked: dict[Target, _Tracked] = field(default_factory=dict)
    turn: int = 0

    def share(self, entry: _Tracked, now: float, scale: float) -> float:
        """Return the target's share relative to a warm target: 1, or less during slow start."""
        if entry.warming_since is None or self.settings.slow_start <= 0:
            return 1.0
        return min(1.0, (now - entry.warming_since) * scale / self.settings.slow_start)


@dataclass(frozen=True, slots=True)
class DueCheck:
    """A health check that is due; `timeout` is in seconds, not scaled."""

    group_arn: str
    target: Target
    port: int
    path: str
    timeout: float
    settings: TargetGroup


class TargetRegistry:
    """The health and load of every registered target; times are seconds of one monotonic clock."""

    def __init__(self, time_scale: float, late: Callable[[], float] = lambda: 0.0) -> None:
        self._scale, self._late = time_scale, late
        self._lock = threading.Lock()
        self._groups: dict[str, _Group] = {}

    def sync(self, topology: Topology, now: float) -> None:
        """Update the registry to the topology: targets and groups that were added or removed."""
        used = topology.users_of_groups()
        with self._lock:
            for arn in self._groups.keys() - topology.groups.keys():
                del self._groups[arn]
            for arn, settings in topology.groups.items():
                group = self._groups.setdefault(arn, _Group(settings, in_use=arn in used))
                group.settings, group.in_use = settings, arn in used
                self._sync_group(group, now)

    def due(self, now: float) -> list[DueCheck]:
        """Return the checks that are due; call `report` with the result of each."""
        with self._lock:
            return [
                self._begin_check(arn, group.settings, target, tracked, now)
                for arn, group in self._groups.items()
                for target, tracked in group.tracked.items()
                if tracked.health.state in _CHECKED and not tracked.checking and tracked.check_at <= now
            ]

    def report(self, check: DueCheck, result: CheckResult, now: float) -> None:
        """Update the target's health with the result of a check."""
        with self._lock:
            group = self._groups.get(check.group_arn)
            tracked = self._find(check.group_arn, check.target)
            if group is None or tracked is None:
                return
            tracked.checking = False
            health = next_health(tracked.health, result, check.settings.health_check)
            if health.state != tracked.health.state:
                tracked.warming_since = now if self._starts_slowly(group, tracked, health, now) else None
                tracked.among_first = tracked.among_first and health.state != "healthy"
            tracked.health = health

    def acquire(self, group_arn: str, now: float, *, bound: Target | None = None) -> Target | None:
        """Choose the target of the next request and count the request as outstanding; None if there is no target.

        If no target is healthy, all registered targets are used ("fail open"). A draining target is used for a moment,
        by the weather. The target `bound` in the client's cookie is chosen if it can be used.
        """
        with self._lock:
            group = self._groups.get(group_arn)
            if group is None:
                return None
            registered = [(t, k) for t, k in group.tracked.items() if k.health.state != "draining"]
            able = [(t, k) for t, k in registered if k.health.state in {"healthy", "unavailable"}] or registered
            able += [(t, k) for t, k in group.tracked.items() if self._is_still_used(k, now)]
            if not able:
                return None
            known = next((pair for pair in able if pair[0] == bound), None)
            target, tracked = known or self._chosen(group, able, now)
            tracked.outstanding += 1
            return target

    def release(self, group_arn: str, target: Target) -> None:
        """Record that a request to this target has ended; call it once for each `acquire`."""
        with self._lock:
            tracked = self._find(group_arn, target)
            if tracked is not None and tracked.outstanding > 0:
                tracked.outstanding -= 1

    def describe(self, group_arn: str) -> dict[Target, Health]:
        """Return the health of every registered and every draining target of a group."""
        with self._lock:
            group = self._groups.get(group_arn)
            return {} if group is None else {target: entry.health for target, entry in group.tracked.items()}

    def counts(self, group_arn: str) -> tuple[int, int]:
        """Return the numbers of healthy and of unhealthy targets. Initial and draining targets are neither."""
        with self._lock:
            group = self._groups.get(group_arn)
            states = [] if group is None else [entry.health.state for entry in group.tracked.values()]
        return states.count("healthy"), states.count("unhealthy")

    def _chosen(self, group: _Group, able: list[tuple[Target, _Tracked]], now: float) -> tuple[Target, _Tracked]:
        """Return the next target by the algorithm of the group."""
        group.turn += 1
        if group.settings.algorithm == "least_outstanding_requests":
            # AWS rejects slow start with this algorithm.
            fewest = min(tracked.outstanding for _, tracked in able)
            able = [pair for pair in able if pair[1].outstanding == fewest]
            return able[group.turn % len(able)]
        shares = [group.share(tracked, now, self._scale) for _, tracked in able]
        if min(shares) == 1.0:
            return able[group.turn % len(able)]
        # Smooth weighted round robin: each target's credit grows by its share, and the chosen one pays the sum.
        for (_, tracked), share in zip(able, shares, strict=True):
            tracked.credit += share
        chosen = max(able, key=lambda pair: pair[1].credit)
        chosen[1].credit -= sum(shares)
        return chosen

    def _starts_slowly(self, group: _Group, tracked: _Tracked, health: Health, now: float) -> bool:
        """Return whether the target begins a slow start: it becomes healthy, and another one is healthy and warm.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
        """
        if health.state != "healthy" or group.settings.slow_start <= 0 or tracked.among_first:
            return False
        others = [entry for entry in group.tracked.values() if entry is not tracked]
        return any(one.health.state == "healthy" and group.share(one, now, self._scale) == 1.0 for one in others)

    def _sync_group(self, group: _Group, now: float) -> None:
        first = all(entry.gone_at is not None for entry in group.tracked.values())
        registered = set(group.settings.targets)
        for target, entry in list(group.tracked.items()):
            if target not in registered:
                self._drain(group, target, entry, now)
        for target in group.settings.targets:
            known = group.tracked.get(target)
            if known is None or known.gone_at is not None:
                known = group.tracked[target] = _Tracked(REGISTERING, check_at=now, among_first=first)
            known.health = self._placed(group, known.health)

    def _drain(self, group: _Group, target: Target, entry: _Tracked, now: float) -> None:
        if entry.gone_at is None:
            delay = group.settings.deregistration_delay / self._scale
            entry.gone_at = now + (delay if group.in_use else 0.0)
            entry.draining_since = now if entry.health.state == "healthy" else None
            entry.health = DRAINING
        if now >= entry.gone_at:
            del group.tracked[target]

    def _is_still_used(self, entry: _Tracked, now: float) -> bool:
        """Return whether a draining target still gets requests, because nodes do not know yet that it drains."""
        return entry.draining_since is not None and now < entry.draining_since + self._late()

    @staticmethod
    def _placed(group: _Group, health: Health) -> Health:
        """Return the health under the settings of the group: in use or not, with health checks or not."""
        if not group.in_use:
            return UNUSED
        if not group.settings.health_check.enabled:
            return CHECKS_DISABLED
        return REGISTERING if health.state in {"unused", "unavailable"} else health

    def _begin_check(self, arn: str, settings: TargetGroup, target: Target, tracked: _Tracked, now: float) -> DueCheck:
        configured = settings.health_check
        tracked.checking = True
        tracked.check_at = now + configured.interval / self._scale
        if tracked.health == REGISTERING:
            tracked.health = CHECKING
        timeout = max(configured.timeout / self._scale, min(configured.timeout, _SHORTEST_TIMEOUT))
        return DueCheck(arn, target, configured.port or target.port, configured.path, timeout, settings)

    def _find(self, group_arn: str, target: Target) -> _Tracked | None:
        group = self._groups.get(group_arn)
        return None if group is None else group.tracked.get(target)
