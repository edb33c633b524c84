"""Clients that stay with a target or a target group by their cookies, and new targets that start slowly."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookiejar import CookieJar

import pytest

from cutover.localcloud.balancer.health import CheckResult
from cutover.localcloud.balancer.stickiness import Cookies
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


class Browser:
    """Keeps cookies and sends them again."""

    def __init__(self, alb: BalancedShop) -> None:
        self.jar = CookieJar()
        self._url = alb.url()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def version(self) -> str:
        with self._opener.open(self._url, timeout=10) as answer:
            return str(json.loads(answer.read())["version"])

    def versions(self, times: int = 20) -> set[str]:
        return {self.version() for _ in range(times)}

    def cookies(self) -> set[str]:
        return {cookie.name for cookie in self.jar}

    def value(self, name: str) -> str | None:
        return next(cookie for cookie in self.jar if cookie.name == name).value

    def forge(self, name: str) -> None:
        """Replace a cookie's value by one that no load balancer gave."""
        next(cookie for cookie in self.jar if cookie.name == name).value = "AAAA" * 20


def sticky(seconds: int, *weights: tuple[str, int], enabled: bool = True) -> dict[str, object]:
    action = to(*weights)
    config = {"Enabled": enabled, "DurationSeconds": seconds}
    return action | {"ForwardConfig": {**action["ForwardConfig"], "TargetGroupStickinessConfig": config}}  # type: ignore[dict-item]


def keep_clients(alb: BalancedShop, arn: str, seconds: int = 60, **attributes: str) -> None:
    wanted = {
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": str(seconds),
    }
    alb.elb.modify_target_group_attributes(arn, wanted | attributes)


def settle() -> None:
    """Let the data plane look at moto's models again."""
    time.sleep(0.15)


@pytest.fixture
def alb() -> Iterator[BalancedShop]:
    with ExitStack() as stack:
        yield BalancedShop(stack)


@pytest.fixture
def pair(alb: BalancedShop) -> str:
    """A target group of the targets a and b behind the listener, which keeps clients for a minute."""
    arn = alb.group("blue", alb.shop("a"), alb.shop("b"))
    keep_clients(alb, arn)
    alb.listen(to((arn, 1)))
    alb.until_healthy(arn)
    return arn


def test_a_client_with_a_cookie_stays_with_its_target(alb: BalancedShop, pair: str) -> None:
    browsers = [Browser(alb) for _ in range(4)]
    assert Counter(browser.version() for browser in browsers) == {"a": 2, "b": 2}
    for browser in browsers:
        assert len(browser.versions()) == 1
        assert browser.cookies() == {"AWSALB", "AWSALBCORS"}


def test_a_client_without_cookies_alternates_between_targets(alb: BalancedShop, pair: str) -> None:
    assert Counter(alb.version() for _ in range(20)) == {"a": 10, "b": 10}


def test_a_target_group_without_stickiness_binds_no_client(alb: BalancedShop, pair: str) -> None:
    alb.elb.modify_target_group_attributes(pair, {"stickiness.enabled": "false"})
    settle()
    browser = Browser(alb)
    assert browser.versions() == {"a", "b"}
    assert browser.cookies() == set()


def test_an_application_cookie_is_not_simulated(alb: BalancedShop, pair: str) -> None:
    app = {"stickiness.type": "app_cookie", "stickiness.app_cookie.cookie_name": "session"}
    alb.elb.modify_target_group_attributes(pair, app)
    settle()
    assert Browser(alb).versions() == {"a", "b"}


def test_a_cookie_is_replaced_after_its_duration(alb: BalancedShop, pair: str) -> None:
    keep_clients(alb, pair, seconds=2)
    settle()
    browser = Browser(alb)
    browser.version()
    first = browser.value("AWSALB")
    browser.version()
    assert browser.value("AWSALB") == first
    time.sleep(2.0)
    browser.version()
    assert browser.value("AWSALB") != first


def test_a_forged_cookie_is_ignored_and_replaced(alb: BalancedShop, pair: str) -> None:
    browser = Browser(alb)
    browser.version()
    browser.forge("AWSALB")
    browser.forge("AWSALBCORS")
    first = browser.version()
    assert browser.versions() == {first}


def test_a_client_is_bound_to_another_target_when_its_target_becomes_unhealthy(alb: BalancedShop) -> None:
    shops = {name: alb.shop(name) for name in ("a", "b")}
    arn = alb.group("blue", *shops.values())
    keep_clients(alb, arn)
    alb.listen(to((arn, 1)))
    alb.until_healthy(arn)
    browser = Browser(alb)
    first = browser.version()
    shops[first].health = 500
    alb.until(lambda: ("unhealthy", "Target.ResponseCodeMismatch") in alb.states(arn))
    (second,) = browser.versions()
    assert second != first
    shops[first].health = 200
    alb.until_healthy(arn)
    assert browser.versions() == {second}


def test_a_client_is_bound_to_another_target_when_its_target_is_deregistered(alb: BalancedShop) -> None:
    arn = alb.group("blue", alb.shop("a"))
    keep_clients(alb, arn)
    ip = next(iter(alb.elb.target_groups[arn].targets))
    alb.listen(to((arn, 1)))
    alb.until_healthy(arn)
    browser = Browser(alb)
    assert browser.version() == "a"
    alb.register(arn, alb.shop("b"))
    alb.until_healthy(arn)
    assert browser.versions(5) == {"a"}
    alb.elb.deregister_targets(arn, [{"Id": ip, "Port": 8080}])
    settle()
    assert browser.versions(5) == {"b"}


@pytest.fixture
def colours(alb: BalancedShop) -> tuple[str, str, str]:
    """The groups blue and green behind a listener that keeps clients with a group for a minute; and the listener."""
    blue, green = alb.group("blue", alb.shop("blue")), alb.group("green", alb.shop("green"))
    listener = alb.listen(sticky(60, (blue, 1), (green, 0)))
    alb.until_healthy(blue, green)
    return blue, green, listener


def test_a_bound_client_stays_with_its_target_group_whatever_the_weights(
    alb: BalancedShop, colours: tuple[str, str, str]
) -> None:
    blue, green, listener = colours
    bound = Browser(alb)
    assert bound.version() == "blue"
    assert bound.cookies() == {"AWSALBTG", "AWSALBTGCORS"}
    alb.elb.modify_listener(listener, actions=[sticky(60, (blue, 0), (green, 1))])
    settle()
    assert bound.versions() == {"blue"}
    assert Browser(alb).versions(5) == {"green"}


def test_the_weights_decide_the_target_group_of_a_new_client(alb: BalancedShop, colours: tuple[str, str, str]) -> None:
    blue, green, listener = colours
    alb.elb.modify_listener(listener, actions=[sticky(60, (blue, 80), (green, 20))])
    settle()
    seen = Counter(Browser(alb).version() for _ in range(300))
    assert 40 <= seen["green"] <= 80  # 60 ± 2.9 standard deviations


def test_a_target_group_that_left_the_action_binds_no_client(alb: BalancedShop, colours: tuple[str, str, str]) -> None:
    _, green, listener = colours
    browser = Browser(alb)
    assert browser.version() == "blue"
    alb.elb.modify_listener(listener, actions=[sticky(60, (green, 1))])
    settle()
    assert browser.versions(5) == {"green"}
    alb.elb.modify_listener(listener, actions=[sticky(60, (colours[0], 1), (green, 0))])
    settle()
    assert browser.versions(5) == {"green"}


def test_a_binding_to_a_target_group_ends_after_its_duration(
    alb: BalancedShop, colours: tuple[str, str, str]
) -> None:
    blue, green, listener = colours
    alb.elb.modify_listener(listener, actions=[sticky(1, (blue, 1), (green, 0))])
    settle()
    browser = Browser(alb)
    assert browser.version() == "blue"
    alb.elb.modify_listener(listener, actions=[sticky(1, (blue, 0), (green, 1))])
    settle()
    assert browser.version() == "blue"
    time.sleep(1.0)
    assert browser.versions(5) == {"green"}


def test_a_binding_ends_when_stickiness_is_switched_off(alb: BalancedShop, colours: tuple[str, str, str]) -> None:
    blue, green, listener = colours
    browser = Browser(alb)
    assert browser.version() == "blue"
    alb.elb.modify_listener(listener, actions=[sticky(60, (blue, 0), (green, 1), enabled=False)])
    settle()
    assert browser.versions(5) == {"green"}


def test_a_bound_client_gets_503_while_its_target_group_has_no_target(
    alb: BalancedShop, colours: tuple[str, str, str]
) -> None:
    blue, green, listener = colours
    browser = Browser(alb)
    browser.version()
    alb.elb.modify_listener(listener, actions=[sticky(60, (blue, 0), (green, 1))])
    targets = [{"Id": ip, "Port": 8080} for ip in alb.elb.target_groups[blue].targets]
    alb.elb.deregister_targets(blue, targets)
    settle()
    with pytest.raises(urllib.error.HTTPError, match="503"):
        browser.version()


def test_both_cookies_together_bind_to_a_target_in_a_target_group(alb: BalancedShop) -> None:
    blue = alb.group("blue", alb.shop("a"), alb.shop("b"))
    green = alb.group("green", alb.shop("c"), alb.shop("d"))
    for arn in (blue, green):
        keep_clients(alb, arn)
    alb.listen(sticky(60, (blue, 1), (green, 1)))
    alb.until_healthy(blue, green)
    browsers = [Browser(alb) for _ in range(12)]
    firsts = [browser.version() for browser in browsers]
    assert [browser.versions(5) for browser in browsers] == [{first} for first in firsts]
    assert len(set(firsts)) >= 3


GROUP = TargetGroup(
    arn="arn:tg", algorithm="round_robin", deregistration_delay=300.0,
    health_check=HealthCheck(True, "/", None, 10.0, 5.0, 2, 2, "200"), targets=(), sticky_seconds=10.0,
)  # fmt: skip
FORWARD = Forward((("arn:tg", 1), ("arn:other", 0)), sticky_seconds=20.0)
ONE = Target("10.0.0.1", 80)


def sent_back(headers: list[str]) -> dict[str, str]:
    return dict(header.partition(";")[0].split("=", 1) for header in headers)


def test_the_duration_starts_when_the_client_is_bound() -> None:
    now = [1000.0]
    cookies = Cookies(lambda: now[0])
    sent = sent_back(cookies.to_set(FORWARD, GROUP, ONE, {}))
    now[0] += 9.9
    assert (cookies.target_of(GROUP, sent), cookies.group_of(FORWARD, sent)) == (ONE, "arn:tg")
    assert cookies.to_set(FORWARD, GROUP, ONE, sent) == []
    now[0] += 0.1
    assert (cookies.target_of(GROUP, sent), cookies.group_of(FORWARD, sent)) == (None, "arn:tg")
    now[0] += 10.0
    assert cookies.group_of(FORWARD, sent) is None


def test_the_cross_site_cookie_binds_too() -> None:
    cookies = Cookies()
    headers = cookies.to_set(FORWARD, GROUP, ONE, {})
    other = {name: value for name, value in sent_back(headers).items() if name.endswith("CORS")}
    assert (cookies.target_of(GROUP, other), cookies.group_of(FORWARD, other)) == (ONE, "arn:tg")
    assert all(("SameSite=None; Secure" in header) == ("CORS=" in header) for header in headers)


@pytest.mark.parametrize("value", ["", "x", "ä", "AAAA", "AWSALB", "A" * 200])
def test_a_cookie_that_the_load_balancer_did_not_issue_binds_to_nothing(value: str) -> None:
    cookies = Cookies()
    assert cookies.group_of(FORWARD, {"AWSALBTG": value}) is None
    assert cookies.target_of(GROUP, {"AWSALB": value}) is None


def test_one_cookie_does_not_count_as_the_other() -> None:
    cookies = Cookies()
    sent = sent_back(cookies.to_set(FORWARD, GROUP, ONE, {}))
    assert cookies.group_of(FORWARD, {"AWSALBTG": sent["AWSALB"]}) is None
    assert cookies.target_of(GROUP, {"AWSALB": sent["AWSALBTG"]}) is None


class Fleet:
    """A registry of one target group that starts slowly, with a clock that is set by hand."""

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
            arn=GROUP.arn, algorithm="round_robin", deregistration_delay=0.0, health_check=GROUP.health_check,
            targets=tuple(Target(name, 80) for name in self._targets), slow_start=self.slow_start,
        )  # fmt: skip
        rule = Rule((), Forward(((GROUP.arn, 1),)))
        balancer = Balancer("arn:lb", "lb", 60.0, (Listener("arn:l", 80, "HTTP", (rule,)),))
        self.registry.sync(Topology((balancer,), {GROUP.arn: group}), self.now)

    def check(self, *, failing: str = "") -> None:
        """Check every target that is due, with success but for one."""
        for check in self.registry.due(self.now):
            self.registry.report(check, FAILED if check.target.ip == failing else PASSED, self.now)

    def after(self, seconds: float) -> "Fleet":
        self.now += seconds
        return self

    def shares(self, requests: int = 1000) -> dict[str, float]:
        """The share of each target in requests that all come now."""
        seen: Counter[str] = Counter()
        for _ in range(requests):
            target = self.registry.acquire(GROUP.arn, self.now)
            assert target is not None
            self.registry.release(GROUP.arn, target)
            seen[target.ip] += 1
        return {name: seen[name] / requests for name in self._targets}


def grown(*targets: str) -> Fleet:
    """A fleet of warm targets to which `new` was added, healthy from now on."""
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
    assert fleet.shares() == {"a": 0.0, "new": 1.0}  # now there is a healthy and warm one: `a` starts slowly
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
    assert {fleet.registry.acquire(GROUP.arn, fleet.now, bound=new) for _ in range(5)} == {new}


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
