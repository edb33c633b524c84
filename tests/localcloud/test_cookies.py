"""The cookies that bind a client, without sockets."""

import pytest

from cutover.localcloud.balancer.stickiness import Cookies
from cutover.localcloud.balancer.topology import Forward, HealthCheck, Target, TargetGroup

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
