"""Changes reach the two nodes of a load balancer one after the other, and a draining target for a moment not at all."""

import time
from collections import Counter

from cutover.localcloud.balancer.nodes import Nodes
from cutover.localcloud.balancer.topology import Listener
from cutover.localcloud.weather import AWS
from support.balancer import BalancedShop, to

FIRST, SECOND = 40_000, 40_002  # ports of clients, one for each node


def listener(port: int) -> Listener:
    return Listener("arn", port, "HTTP", ())


def test_the_second_node_gets_a_change_later() -> None:
    nodes = Nodes(listener(1))
    nodes.change(listener(2), now=10.0, lag=0.5)
    assert [nodes.listener_of(port, 10.4).port for port in (FIRST, SECOND)] == [2, 1]
    assert [nodes.listener_of(port, 10.5).port for port in (FIRST, SECOND)] == [2, 2]


def test_two_changes_reach_the_second_node_in_their_order() -> None:
    nodes = Nodes(listener(1))
    nodes.change(listener(2), now=10.0, lag=1.0)
    nodes.change(listener(3), now=10.5, lag=1.0)
    assert [nodes.listener_of(SECOND, now).port for now in (10.9, 11.0, 11.5)] == [1, 2, 3]


def test_new_weights_reach_clients_node_by_node(alb: BalancedShop) -> None:
    blue, green = alb.group("blue", alb.shop("1")), alb.group("green", alb.shop("2"))
    arn = alb.listen(to((blue, 100), (green, 0)))
    alb.until_healthy(blue, green)
    assert alb.version() == "1"
    alb.sky.change(AWS.name, 0)
    alb.elb.modify_listener(arn, actions=[to((blue, 0), (green, 100))])
    time.sleep(0.2)
    versions = Counter(alb.version() for _ in range(40))
    assert set(versions) == {"1", "2"}, "each request has a connection of its own, and so a node"
    time.sleep(AWS.node_lag / alb.sky_scale)
    assert {alb.version() for _ in range(40)} == {"2"}


def test_a_deregistered_target_still_gets_requests_for_a_moment(alb: BalancedShop) -> None:
    old, new = alb.shop("old"), alb.shop("new")
    blue = alb.group("blue", old)
    ip = alb.elb.target_groups[blue].targets.copy().popitem()[0]
    alb.register(blue, new)
    alb.listen(to((blue, 1)))
    alb.until_healthy(blue)
    alb.sky.change(AWS.name, 0)
    alb.elb.deregister_targets(blue, [{"Id": ip, "Port": 8080}])
    assert ("draining", "Target.DeregistrationInProgress") in alb.states(blue)
    assert {alb.version() for _ in range(6)} == {"old", "new"}
    time.sleep(AWS.target_lag / alb.sky_scale)
    assert {alb.version() for _ in range(6)} == {"new"}
