"""Clients stay with a target or a target group by their cookies."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from http.cookiejar import CookieJar

import pytest

from support.balancer import BalancedShop, to


class Browser:
    """A client that keeps cookies."""

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
        """Replace the value of a cookie by one that no load balancer issued."""
        next(cookie for cookie in self.jar if cookie.name == name).value = "AAAA" * 20


def sticky(seconds: int, *weights: tuple[str, int], enabled: bool = True) -> dict[str, object]:
    action = to(*weights)
    config = {"Enabled": enabled, "DurationSeconds": seconds}
    return action | {"ForwardConfig": {**action["ForwardConfig"], "TargetGroupStickinessConfig": config}}  # type: ignore[dict-item]


def keep_clients(alb: BalancedShop, arn: str, seconds: int = 60, **attributes: str) -> None:
    stickiness = {
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": str(seconds),
    }
    alb.elb.modify_target_group_attributes(arn, stickiness | attributes)


def settle() -> None:
    """Wait until the data plane has read moto's models again."""
    time.sleep(0.15)


@pytest.fixture
def pair(alb: BalancedShop) -> str:
    """A target group with the targets a and b behind the listener; it binds clients for a minute."""
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
    """The groups blue and green, and their listener, which binds clients to a group for a minute."""
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
    versions = Counter(Browser(alb).version() for _ in range(300))
    assert 40 <= versions["green"] <= 80  # 60 ± 2.9 standard deviations


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


def test_a_binding_to_a_target_group_ends_after_its_duration(alb: BalancedShop, colours: tuple[str, str, str]) -> None:
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
