"""Facts of the load balancer."""

import json
import time
from collections import Counter
from typing import Any

from cutover.adapters.http import request
from cutover.domain.test_traffic import HEADER
from tools.acceptance.world import Observe, World, expect

_REQUESTS = 300
_TOLERANCE = 10
"""Percentage points by which a share of `_REQUESTS` requests may differ from its weight."""
_SHOWN_WITHIN = 30.0


def answers_503(world: World) -> str:
    """A listener that names no target group has a fixed response."""
    status = _get(world)[0]
    return expect(status == 503, f"status {status}")


def is_protected(world: World) -> str:
    """The attribute that makes AWS refuse a deletion."""
    arn = world.environment.load_balancer_arn
    attributes = world.session.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    value = {each["Key"]: each["Value"] for each in attributes}.get("deletion_protection.enabled", "absent")
    return expect(value == str(world.config.load_balancer.deletion_protection).lower(), f"deletion protection {value}")


def egress_is_narrow(world: World) -> str:
    """The egress rules of the load balancer's security group name no `0.0.0.0/0`."""
    filters: Any = [{"Name": "group-id", "Values": [world.environment.load_balancer_security_group_id]}]
    rules = world.session.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    blocks = sorted(rule.get("CidrIpv4", "a group") for rule in rules if rule["IsEgress"])
    return expect(blocks and "0.0.0.0/0" not in blocks, f"{len(blocks)} egress rules")


def tasks_admit_the_load_balancer_only(world: World) -> str:
    """The ingress rules of the tasks' security group name the load balancer's group."""
    outputs = world.serving.outputs
    assert outputs is not None
    filters: Any = [{"Name": "group-id", "Values": [outputs.security_group_id]}]
    rules = world.session.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    sources = {rule.get("ReferencedGroupInfo", {}).get("GroupId") for rule in rules if not rule["IsEgress"]}
    admitted = sources == {world.environment.load_balancer_security_group_id}
    return expect(admitted, f"{len(sources)} source, the load balancer's group: {admitted}")


def every_target_is_healthy(world: World) -> str:
    """All targets of the serving release are healthy."""
    outputs = world.serving.outputs
    assert outputs is not None
    answer = world.session.elbv2.describe_target_health(TargetGroupArn=outputs.target_group_arn)
    states = Counter(each["TargetHealth"]["State"] for each in answer["TargetHealthDescriptions"])
    return expect(set(states) == {"healthy"}, ", ".join(f"{count} {state}" for state, count in states.items()))


def users_reach_the_newest(world: World) -> str:
    """A request without a header reaches the serving release."""
    status, version = _get(world)
    return expect((status, version) == (200, world.serving.ref.version), f"status {status}, version {version}")


def listener_is_as_recorded(world: World) -> str:
    """Default actions are replaced whole; the listener has the weights of the record and no others."""
    live, recorded = _live(world), world.ledger.allocation().positive()
    return expect(live == recorded, f"live {sorted(live.values())}, recorded {sorted(recorded.values())}")


def weights_are(wanted: tuple[int, ...]) -> Observe:
    """The positive weights of the listener, highest first."""

    def observe(world: World) -> str:
        weights = tuple(sorted(_live(world).values(), reverse=True))
        return expect(weights == wanted, f"weights {weights}")

    return observe


def share_is_about(percent: int) -> Observe:
    """Measure the share of the newest release, until it is near its weight; nodes get new weights one by one."""

    def observe(world: World) -> str:
        started, share = time.monotonic(), -100.0
        while abs(share - percent) > _TOLERANCE and time.monotonic() - started < _SHOWN_WITHIN:
            answers = Counter(_get(world)[1] for _ in range(_REQUESTS))
            share = 100 * answers[world.newest.ref.version] / _REQUESTS
        seconds = time.monotonic() - started
        return expect(abs(share - percent) <= _TOLERANCE, f"{share:.0f} % of {_REQUESTS} requests, {seconds:.0f} s")

    return observe


def test_header_reaches_the_candidate(world: World) -> str:
    """A request with the header of the newest release reaches it, whatever its weight."""
    versions = {_get(world, {HEADER: world.newest.ref.digest8})[1] for _ in range(10)}
    return expect(versions == {world.newest.ref.version}, f"10 requests reached {', '.join(sorted(versions))}")


def priorities_differ(world: World) -> str:
    """Each release has a rule, and no two rules have one priority."""
    rules = world.session.elbv2.describe_rules(ListenerArn=world.environment.listener_arn)["Rules"]
    priorities = [rule["Priority"] for rule in rules if not rule["IsDefault"]]
    return expect(len(priorities) == len(set(priorities)) >= 2, f"priorities {', '.join(sorted(priorities))}")


def nothing_is_left(world: World) -> str:
    """Nothing of the load balancer has this run's application in its name."""
    prefix = world.config.application
    elbv2 = world.session.elbv2
    names = [each["LoadBalancerName"] for each in elbv2.describe_load_balancers()["LoadBalancers"]]
    names += [each["TargetGroupName"] for each in elbv2.describe_target_groups()["TargetGroups"]]
    groups = world.session.ec2.describe_security_groups(
        Filters=[{"Name": "tag:cutover:application", "Values": [prefix]}]
    )["SecurityGroups"]
    left = [name for name in names if name.startswith(prefix)] + [group["GroupId"] for group in groups]
    return expect(not left, f"{len(left)} left{': ' + ', '.join(left) if left else ''}")


def _live(world: World) -> dict[str, int]:
    listener = world.session.elbv2.describe_listeners(ListenerArns=[world.environment.listener_arn])["Listeners"][0]
    groups = listener["DefaultActions"][0].get("ForwardConfig", {}).get("TargetGroups", [])
    return {group["TargetGroupArn"]: group["Weight"] for group in groups if group["Weight"]}


def _get(world: World, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and version of one answer of `examples/shop`; the version is empty if the answer has none."""
    response = request(
        "GET", f"{world.url}/", headers=headers or {}, timeout_seconds=5, limit_bytes=4096, verify_certificate=False
    )
    try:
        return response.status, str(json.loads(response.text).get("version", ""))
    except ValueError:
        return response.status, ""
