"""Limits of listeners, rules and messages that AWS enforces."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cutover.localcloud.server import LocalCloud
from support.local_aws import clients, code

FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        yield clients(running.endpoint)


@pytest.fixture(scope="module")
def listener(aws: Any) -> str:
    subnets = [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"][:2]]
    balancer = aws("elbv2").create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    created = aws("elbv2").create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[FIXED])
    return str(created["Listeners"][0]["ListenerArn"])


def create_rule(aws: Any, listener: str, priority: int) -> None:
    condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{priority}"]}}
    aws("elbv2").create_rule(ListenerArn=listener, Priority=priority, Conditions=[condition], Actions=[FIXED])


def refusal(aws: Any, listener: str, priority: int) -> str:
    with pytest.raises(ClientError) as caught:
        create_rule(aws, listener, priority)
    return code(caught.value)


def test_a_rule_needs_a_free_priority_and_a_load_balancer_has_100_rules(aws: Any, listener: str) -> None:
    for priority in range(1, 101):
        create_rule(aws, listener, priority)
        if priority == 1:
            assert refusal(aws, listener, 1) == "PriorityInUse"
    assert refusal(aws, listener, 101) == "TooManyRules"


def test_a_change_of_the_default_actions_replaces_all_of_them_and_keeps_the_rest(aws: Any, listener: str) -> None:
    elbv2 = aws("elbv2")
    other = FIXED | {"FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=[other])
    (changed,) = elbv2.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert [action["FixedResponseConfig"]["StatusCode"] for action in changed["DefaultActions"]] == ["404"]
    assert (changed["Port"], changed["Protocol"]) == (80, "HTTP")


@pytest.mark.parametrize("subject", ["x" * 101, "two\nlines", "Größe"])
def test_a_subject_that_is_long_or_not_ascii_is_refused(aws: Any, subject: str) -> None:
    topic = aws("sns").create_topic(Name="t")["TopicArn"]
    with pytest.raises(ClientError) as caught:
        aws("sns").publish(TopicArn=topic, Message="m", Subject=subject)
    assert code(caught.value) == "InvalidParameter"
    aws("sns").publish(TopicArn=topic, Message="m", Subject="x" * 100)
