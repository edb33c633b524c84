"""The share of new targets grows during slow start."""

import time
from collections import Counter

import pytest

from cutover.localcloud.balancer.health import CheckResult
from cutover.localcloud.balancer.targets import TargetRegistry
from cutover.localcloud.balancer.topology import (
    Balancer,
    Forward,
    HealthCheck,
    Listener,
    Rule,
    Target,
    TargetGroup,
    Topology,
)
from support.balancer import BalancedShop, to

PASSED, FAILED = CheckResult(), CheckResult("Target.FailedHealthChecks", "Health checks failed")
SLOW_START = 100.0  # seconds
GROUP = "arn:tg"
HEALTH_CHECK = HealthCheck(True, "/", None, 10.0, 5.0, 2, 2, "200")


class Fleet:
    """A registry of one target group with slow start, and a clock that a test sets."""

    def __init__(self, *targets: str) -> None:
        self.now, self.slow_start = 0.0, SLOW_START
        self.registry = TargetRegistry(time_scale=1.0)
        self._targets: tuple[str, ...] = ()
        self.register(*targets)

    def register(self, *targets: str) -> None:
        self._targets += targets
        self._sync()

    def deregister(self, target: str) -> None:
        self._targets = tuple(name for name in self._targets if name != target)
        self._sync()

    def _sync(self) -> None:
        group = TargetGroup(
            arn=GROUP, algorithm="round_robin", deregistration_delay=0.0, health_check=HEALTH_CHECK,
            targets=tuple(Target(name, 80) for name in self._targets), slow_start=self.slow_start,
        )  # fmt: skip
        rule = Rule((), Forward(((GROUP, 1),)))
        balancer = Balancer("arn:lb", "lb", 60.0, (Listener("arn:l", 80, "HTTP", (rule,)),))
        self.registry.sync(Topology((balancer,), {GROUP: group}), self.now)

    def check(self, *, failing: str = "") -> None:
        """Report a check of every target that is due; all pass except `failing`."""
        for check in self.registry.due(self.now):
            self.registry.report(check, FAILED if check.target.ip == failing else PASSED, self.now)

    def after(self, seconds: float) -> "Fleet":
        self.now += seconds
        return self

    def shares(self, requests: int = 1000) -> dict[str, float]:
        """The share of each target in requests at the present time."""
        requests_of: Counter[str] = Counter()
        for _ in range(requests):
            target = self.registry.acquire(GROUP, self.now)
            assert target is not None
            self.registry.release(GROUP, target)
            requests_of[target.ip] += 1
        return {name: requests_of[name] / requests for name in self._targets}


def grown(*targets: str) -> Fleet:
    """A fleet of warm targets, and the target `new` that has just become healthy."""
    fleet = Fleet(*targets)
    fleet.check()
    fleet.after(20.0).register("new")
    fleet.check()
    return fleet


def test_the_share_of_a_new_target_grows_linearly() -> None:
    fleet = grown("old")
    assert fleet.shares()["new"] == 0.0
    for part in (0.25, 0.5, 0.75, 1.0):
        new = fleet.after(SLOW_START / 4).shares()["new"]
        assert new == pytest.approx(part / (1 + part), abs=0.002)
    assert fleet.after(SLOW_START).shares() == {"old": 0.5, "new": 0.5}


def test_warm_targets_share_the_rest_equally() -> None:
    shares = grown("a", "b", "c").after(SLOW_START / 2).shares()
    assert shares == pytest.approx({"a": 2 / 7, "b": 2 / 7, "c": 2 / 7, "new": 1 / 7}, abs=0.002)


def test_the_first_targets_of_a_group_do_not_start_slowly() -> None:
    fleet = Fleet("a", "b")
    fleet.check(failing="b")
    fleet.after(10.0).check()
    assert fleet.shares() == {"a": 0.5, "b": 0.5}


def test_a_target_does_not_start_slowly_if_no_other_is_healthy() -> None:
    fleet = Fleet("a")
    fleet.check()
    for _ in range(2):
        fleet.after(10.0).check(failing="a")
    fleet.register("new")
    fleet.check()
    assert fleet.shares() == {"a": 0.0, "new": 1.0}
    for _ in range(2):
        fleet.after(10.0).check()
    assert fleet.shares() == {"a": 0.0, "new": 1.0}  # `new` is healthy and warm, so `a` starts slowly
    assert fleet.after(SLOW_START).shares() == {"a": 0.5, "new": 0.5}


def test_a_target_that_becomes_unhealthy_starts_slowly_again() -> None:
    fleet = grown("old").after(SLOW_START)
    for failing in ("new", "new", "", ""):
        fleet.after(10.0).check(failing=failing)
    assert fleet.shares()["new"] == 0.0
    assert fleet.after(SLOW_START).shares()["new"] == 0.5


def test_a_target_that_is_registered_again_starts_slowly_again() -> None:
    fleet = grown("old").after(SLOW_START)
    fleet.deregister("new")
    fleet.after(1.0).register("new")
    fleet.check()
    assert fleet.shares()["new"] == 0.0


def test_slow_start_applies_to_new_targets_only_and_ends_when_it_is_switched_off() -> None:
    fleet = Fleet()
    fleet.slow_start = 0.0
    fleet.register("a")
    fleet.check()
    fleet.register("b")
    fleet.check()
    fleet.slow_start = SLOW_START
    fleet.register("new")
    fleet.check()
    assert fleet.shares() == {"a": 0.5, "b": 0.5, "new": 0.0}
    fleet.slow_start = 0.0
    fleet.register()
    assert fleet.shares(999) == pytest.approx({"a": 1 / 3, "b": 1 / 3, "new": 1 / 3})


def test_slow_targets_receive_all_requests_when_the_warm_ones_fail() -> None:
    fleet = grown("old")
    fleet.after(10.0).check(failing="old")
    fleet.after(10.0).check(failing="old")
    assert fleet.shares() == {"old": 0.0, "new": 1.0}


def test_a_bound_client_reaches_a_target_in_slow_start() -> None:
    fleet = grown("old")
    new = Target("new", 80)
    assert {fleet.registry.acquire(GROUP, fleet.now, bound=new) for _ in range(5)} == {new}


def test_slow_start_follows_the_time_scale_in_the_data_plane(alb: BalancedShop) -> None:
    arn = alb.group("blue", alb.shop("old"))
    slow_start = "slow_start.duration_seconds"
    alb.elb.modify_target_group_attributes(arn, {slow_start: "900"})  # 18 s at 50 times the speed
    alb.listen(to((arn, 1)))
    alb.until_healthy(arn)
    alb.register(arn, alb.shop("new"))
    alb.until(lambda: len(alb.states(arn)) == 2)
    alb.until_healthy(arn)
    assert Counter(alb.version() for _ in range(20))["new"] <= 5
    alb.elb.modify_target_group_attributes(arn, {slow_start: "30"})
    time.sleep(0.8)
    assert Counter(alb.version() for _ in range(20)) == {"old": 10, "new": 10}
