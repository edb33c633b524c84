"""The data plane with real sockets: moto's models on one side, small HTTP servers on the other."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter

from support.balancer import BalancedShop, Shop, to


def test_traffic_follows_the_weights(alb: BalancedShop) -> None:
    blue, green = alb.group("blue", alb.shop("1")), alb.group("green", alb.shop("2"))
    alb.listen(to((blue, 80), (green, 20)))
    alb.until_healthy(blue, green)
    versions = Counter(alb.version() for _ in range(300))
    assert 40 <= versions["2"] <= 80  # 60 ± 2.9 standard deviations


def test_a_change_of_weights_takes_effect_within_100_ms(alb: BalancedShop) -> None:
    blue, green = alb.group("blue", alb.shop("1")), alb.group("green", alb.shop("2"))
    listener = alb.listen(to((blue, 100), (green, 0)))
    alb.until_healthy(blue, green)
    assert alb.version() == "1"
    alb.elb.modify_listener(listener, actions=[to((blue, 0), (green, 100))])
    time.sleep(0.1)
    assert {alb.version() for _ in range(20)} == {"2"}


def test_a_rule_with_a_header_comes_before_the_default(alb: BalancedShop) -> None:
    blue, green = alb.group("blue", alb.shop("1")), alb.group("green", alb.shop("2"))
    listener = alb.listen(to((blue, 100)))
    header = {"HttpHeaderName": "X-Cutover-Release", "Values": ["abc12345"]}
    alb.elb.create_rule(listener, [{"Field": "http-header", "HttpHeaderConfig": header}], 5, [to((green, 1))])
    alb.until_healthy(blue, green)
    assert alb.version(X_Cutover_Release="abc12345") == "2"
    assert alb.version(X_Cutover_Release="other") == "1"
    assert alb.version() == "1"


def test_no_weight_above_zero_answers_503(alb: BalancedShop) -> None:
    blue = alb.group("blue", alb.shop("1"))
    green = alb.group("green", alb.shop("2"))
    alb.listen(to((blue, 0), (green, 0)))
    assert alb.get()[0] == 503


def test_a_group_without_targets_answers_503(alb: BalancedShop) -> None:
    alb.listen(to((alb.group("blue"), 1)))
    assert alb.get()[0] == 503
    alb.until(lambda: alb.sink.sums["HTTPCode_ELB_503_Count", frozenset({"LoadBalancer"})] == 1)


def test_a_fixed_response_is_answered_without_a_target(alb: BalancedShop) -> None:
    fixed = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "nothing here"}
    alb.listen({"Type": "fixed-response", "FixedResponseConfig": fixed})
    assert alb.get() == (503, "nothing here")


def test_a_target_that_refuses_connections_answers_502(alb: BalancedShop) -> None:
    shop = Shop("1")
    blue = alb.group("blue", shop)
    alb.listen(to((blue, 1)))
    shop.close()
    assert alb.get()[0] == 502
    alb.until(lambda: alb.sink.sums["TargetConnectionErrorCount", frozenset({"LoadBalancer"})] == 1)


def test_a_target_that_answers_too_late_answers_504(alb: BalancedShop) -> None:
    shop = alb.shop("1")
    blue = alb.group("blue", shop)
    alb.lb.attrs["idle_timeout.timeout_seconds"] = "1"
    alb.listen(to((blue, 1)))
    alb.until_healthy(blue)
    shop.delay = 1.5
    assert alb.get()[0] == 504


def test_health_goes_from_initial_to_unhealthy_to_healthy_and_back(alb: BalancedShop) -> None:
    shop = alb.shop("1")
    shop.health = 500
    blue = alb.group("blue", shop)
    assert alb.states(blue) == [("unused", "Target.NotInUse")]
    alb.listen(to((blue, 1)))
    assert alb.states(blue)[0][0] == "initial"
    alb.until(lambda: alb.states(blue) == [("unhealthy", "Target.ResponseCodeMismatch")])
    shop.health = 200
    alb.until_healthy(blue)
    shop.health = 404
    alb.until(lambda: alb.states(blue) == [("unhealthy", "Target.ResponseCodeMismatch")])


def test_health_flaps_on_request(alb: BalancedShop) -> None:
    blue = alb.group("blue", alb.shop("1"))
    alb.listen(to((blue, 1)))
    alb.until_healthy(blue)
    alb.task_faults.flap(blue)
    for state in ("unhealthy", "healthy", "unhealthy"):
        alb.until(lambda state=state: alb.states(blue)[0][0] == state)  # type: ignore[misc]


def test_a_health_check_of_an_unknown_address_times_out(alb: BalancedShop) -> None:
    blue = alb.group("blue")
    alb.register(blue, None)
    alb.listen(to((blue, 1)))
    alb.until(lambda: alb.states(blue) == [("unhealthy", "Target.Timeout")])


def test_only_healthy_targets_receive_requests(alb: BalancedShop) -> None:
    good, bad = alb.shop("good"), alb.shop("bad")
    bad.health = 500
    blue = alb.group("blue", good, bad)
    alb.listen(to((blue, 1)))
    alb.until(lambda: sorted(state for state, _ in alb.states(blue)) == ["healthy", "unhealthy"])
    assert {alb.version() for _ in range(20)} == {"good"}


def test_all_targets_receive_requests_if_none_is_healthy(alb: BalancedShop) -> None:
    shops = [alb.shop("a"), alb.shop("b")]
    for shop in shops:
        shop.health = 500
    blue = alb.group("blue", *shops)
    alb.listen(to((blue, 1)))
    alb.until(lambda: {state for state, _ in alb.states(blue)} == {"unhealthy"})
    assert Counter(alb.version() for _ in range(20)) == {"a": 10, "b": 10}


def test_a_draining_target_finishes_its_request_and_receives_no_other(alb: BalancedShop) -> None:
    old, new = alb.shop("old"), alb.shop("new")
    blue = alb.group("blue", old)
    ip = alb.elb.target_groups[blue].targets.copy().popitem()[0]
    alb.listen(to((blue, 1)))
    alb.until_healthy(blue)
    old.delay = 0.6
    answers: list[str] = []
    request = threading.Thread(target=lambda: answers.append(alb.version()))
    request.start()
    time.sleep(0.2)
    alb.register(blue, new)
    alb.elb.deregister_targets(blue, [{"Id": ip, "Port": 8080}])
    assert ("draining", "Target.DeregistrationInProgress") in alb.states(blue)
    assert {alb.version() for _ in range(5)} == {"new"}
    request.join()
    assert answers == ["old"]
    alb.until(lambda: len(alb.states(blue)) == 1)  # 300 s of delay / 50
    assert alb.elb.describe_target_health(blue, [{"Id": ip}])[0].reason == "Target.NotRegistered"


def test_bodies_of_any_size_and_forwarding_headers_reach_the_target(alb: BalancedShop) -> None:
    shop = alb.shop("1")
    blue = alb.group("blue", shop)
    alb.listen(to((blue, 1)))
    alb.until_healthy(blue)
    for size in (10, 3_000_000):
        with urllib.request.urlopen(alb.url() + "/a%20b?x=%2F", data=b"x" * size, timeout=10) as answer:
            assert json.loads(answer.read()) == {"version": "1", "path": "/a%20b?x=%2F", "got": size}
    assert shop.requests[0]["X-Forwarded-For"] == "127.0.0.1"
    assert shop.requests[0]["X-Forwarded-Proto"] == "http"
    assert shop.requests[0]["X-Forwarded-Port"] == "80"


def test_each_listener_keeps_its_own_port(alb: BalancedShop) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "x"}}
    first = alb.listen(fixed, port="80")
    alb.listen(fixed, port="8081")
    alb.url("shop:8081")
    before = alb.plane.endpoints()
    alb.elb.modify_listener(first, actions=[fixed | {"Order": 2}])
    time.sleep(0.15)
    assert alb.plane.endpoints() == before
    assert before["shop"] == before["shop:80"] != before["shop:8081"]


def test_answers_of_targets_are_counted_by_load_balancer_and_target_group(alb: BalancedShop) -> None:
    shop = alb.shop("1")
    blue = alb.group("blue", shop)
    alb.listen(to((blue, 1)))
    alb.until_healthy(blue)
    alb.get()
    shop.status = 500
    alb.get()
    both = frozenset({"LoadBalancer", "TargetGroup"})
    alb.until(lambda: alb.sink.sums["RequestCount", both] == 2)
    assert alb.sink.sums["HTTPCode_Target_2XX_Count", both] == 1
    assert alb.sink.sums["HTTPCode_Target_5XX_Count", both] == 1
    assert alb.sink.sums["HealthyHostCount", both] >= 1


def test_the_data_plane_restarts_and_leaves_no_thread(alb: BalancedShop) -> None:
    alb.plane.stop()
    before = threading.active_count()
    for _ in range(3):
        alb.plane.start()
        alb.plane.stop()
    assert threading.active_count() == before
    assert "describe_target_health" not in alb.elb.__dict__
