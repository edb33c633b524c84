"""The data plane with real sockets: moto's models on one side, small HTTP servers on the other."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.balancer import BalancedShop, Shop, to


@pytest.fixture
def world() -> Iterator[BalancedShop]:
    with ExitStack() as stack:
        yield BalancedShop(stack)


def test_traffic_follows_the_weights(world: BalancedShop) -> None:
    blue, green = world.group("blue", world.shop("1")), world.group("green", world.shop("2"))
    world.listen(to((blue, 80), (green, 20)))
    world.until_healthy(blue, green)
    seen = Counter(world.version() for _ in range(300))
    assert 40 <= seen["2"] <= 80  # 60 ± 2.9 standard deviations


def test_a_change_of_weights_holds_within_a_tenth_of_a_second(world: BalancedShop) -> None:
    blue, green = world.group("blue", world.shop("1")), world.group("green", world.shop("2"))
    listener = world.listen(to((blue, 100), (green, 0)))
    world.until_healthy(blue, green)
    assert world.version() == "1"
    world.elb.modify_listener(listener, actions=[to((blue, 0), (green, 100))])
    time.sleep(0.1)
    assert {world.version() for _ in range(20)} == {"2"}


def test_a_rule_with_a_header_comes_before_the_default(world: BalancedShop) -> None:
    blue, green = world.group("blue", world.shop("1")), world.group("green", world.shop("2"))
    listener = world.listen(to((blue, 100)))
    header = {"HttpHeaderName": "X-Cutover-Release", "Values": ["abc12345"]}
    world.elb.create_rule(listener, [{"Field": "http-header", "HttpHeaderConfig": header}], 5, [to((green, 1))])
    world.until_healthy(blue, green)
    assert world.version(X_Cutover_Release="abc12345") == "2"
    assert world.version(X_Cutover_Release="other") == "1"
    assert world.version() == "1"


def test_no_weight_above_zero_answers_503(world: BalancedShop) -> None:
    blue = world.group("blue", world.shop("1"))
    green = world.group("green", world.shop("2"))
    world.listen(to((blue, 0), (green, 0)))
    assert world.get()[0] == 503


def test_a_group_without_targets_answers_503(world: BalancedShop) -> None:
    world.listen(to((world.group("blue"), 1)))
    assert world.get()[0] == 503
    world.until(lambda: world.sink.sums["HTTPCode_ELB_503_Count", frozenset({"LoadBalancer"})] == 1)


def test_a_fixed_response_is_answered_without_a_target(world: BalancedShop) -> None:
    fixed = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "nothing here"}
    world.listen({"Type": "fixed-response", "FixedResponseConfig": fixed})
    assert world.get() == (503, "nothing here")


def test_a_target_that_refuses_connections_answers_502(world: BalancedShop) -> None:
    shop = Shop("1")
    blue = world.group("blue", shop)
    world.listen(to((blue, 1)))
    shop.close()
    assert world.get()[0] == 502
    world.until(lambda: world.sink.sums["TargetConnectionErrorCount", frozenset({"LoadBalancer"})] == 1)


def test_a_target_that_answers_too_late_answers_504(world: BalancedShop) -> None:
    shop = world.shop("1")
    blue = world.group("blue", shop)
    world.lb.attrs["idle_timeout.timeout_seconds"] = "1"
    world.listen(to((blue, 1)))
    world.until_healthy(blue)
    shop.delay = 1.5
    assert world.get()[0] == 504


def test_health_goes_from_initial_to_healthy_to_unhealthy_and_back(world: BalancedShop) -> None:
    shop = world.shop("1")
    shop.health = 500
    blue = world.group("blue", shop)
    assert world.states(blue) == [("unused", "Target.NotInUse")]
    world.listen(to((blue, 1)))
    assert world.states(blue)[0][0] == "initial"
    world.until(lambda: world.states(blue) == [("unhealthy", "Target.ResponseCodeMismatch")])
    shop.health = 200
    world.until_healthy(blue)
    shop.health = 404
    world.until(lambda: world.states(blue) == [("unhealthy", "Target.ResponseCodeMismatch")])


def test_health_that_is_told_to_flap_goes_and_comes(world: BalancedShop) -> None:
    blue = world.group("blue", world.shop("1"))
    world.listen(to((blue, 1)))
    world.until_healthy(blue)
    world.task_faults.flap(blue)
    for state in ("unhealthy", "healthy", "unhealthy"):
        world.until(lambda state=state: world.states(blue)[0][0] == state)  # type: ignore[misc]


def test_an_address_that_nothing_answers_for_times_out(world: BalancedShop) -> None:
    blue = world.group("blue")
    world.register(blue, None)
    world.listen(to((blue, 1)))
    world.until(lambda: world.states(blue) == [("unhealthy", "Target.Timeout")])


def test_only_healthy_targets_get_requests(world: BalancedShop) -> None:
    good, bad = world.shop("good"), world.shop("bad")
    bad.health = 500
    blue = world.group("blue", good, bad)
    world.listen(to((blue, 1)))
    world.until(lambda: sorted(state for state, _ in world.states(blue)) == ["healthy", "unhealthy"])
    assert {world.version() for _ in range(20)} == {"good"}


def test_with_no_healthy_target_all_of_them_get_requests(world: BalancedShop) -> None:
    shops = [world.shop("a"), world.shop("b")]
    for shop in shops:
        shop.health = 500
    blue = world.group("blue", *shops)
    world.listen(to((blue, 1)))
    world.until(lambda: {state for state, _ in world.states(blue)} == {"unhealthy"})
    assert Counter(world.version() for _ in range(20)) == {"a": 10, "b": 10}


def test_a_draining_target_ends_its_request_and_gets_no_other(world: BalancedShop) -> None:
    old, new = world.shop("old"), world.shop("new")
    blue = world.group("blue", old)
    ip = world.elb.target_groups[blue].targets.copy().popitem()[0]
    world.listen(to((blue, 1)))
    world.until_healthy(blue)
    old.delay = 0.6
    answers: list[str] = []
    request = threading.Thread(target=lambda: answers.append(world.version()))
    request.start()
    time.sleep(0.2)
    world.register(blue, new)
    world.elb.deregister_targets(blue, [{"Id": ip, "Port": 8080}])
    assert ("draining", "Target.DeregistrationInProgress") in world.states(blue)
    assert {world.version() for _ in range(5)} == {"new"}
    request.join()
    assert answers == ["old"]
    world.until(lambda: len(world.states(blue)) == 1)  # 300 s of delay / 50
    assert world.elb.describe_target_health(blue, [{"Id": ip}])[0].reason == "Target.NotRegistered"


def test_bodies_of_any_size_and_forwarding_headers_reach_the_target(world: BalancedShop) -> None:
    shop = world.shop("1")
    blue = world.group("blue", shop)
    world.listen(to((blue, 1)))
    world.until_healthy(blue)
    for size in (10, 3_000_000):
        with urllib.request.urlopen(world.url() + "/a%20b?x=%2F", data=b"x" * size, timeout=10) as answer:
            assert json.loads(answer.read()) == {"version": "1", "path": "/a%20b?x=%2F", "got": size}
    assert shop.seen[0]["X-Forwarded-For"] == "127.0.0.1"
    assert shop.seen[0]["X-Forwarded-Proto"] == "http"
    assert shop.seen[0]["X-Forwarded-Port"] == "80"


def test_each_listener_keeps_its_own_port(world: BalancedShop) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "x"}}
    first = world.listen(fixed, port="80")
    world.listen(fixed, port="8081")
    world.url("shop:8081")
    before = world.plane.endpoints()
    world.elb.modify_listener(first, actions=[fixed | {"Order": 2}])
    time.sleep(0.15)
    assert world.plane.endpoints() == before
    assert before["shop"] == before["shop:80"] != before["shop:8081"]


def test_what_targets_answered_is_counted_by_balancer_and_group(world: BalancedShop) -> None:
    shop = world.shop("1")
    blue = world.group("blue", shop)
    world.listen(to((blue, 1)))
    world.until_healthy(blue)
    world.get()
    shop.status = 500
    world.get()
    both = frozenset({"LoadBalancer", "TargetGroup"})
    world.until(lambda: world.sink.sums["RequestCount", both] == 2)
    assert world.sink.sums["HTTPCode_Target_2XX_Count", both] == 1
    assert world.sink.sums["HTTPCode_Target_5XX_Count", both] == 1
    assert world.sink.sums["HealthyHostCount", both] >= 1


def test_it_starts_and_stops_again_and_again_without_a_thread_left(world: BalancedShop) -> None:
    world.plane.stop()
    before = threading.active_count()
    for _ in range(3):
        world.plane.start()
        world.plane.stop()
    assert threading.active_count() == before
    assert "describe_target_health" not in world.elb.__dict__
