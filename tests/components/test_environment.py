"""The environment stack: the program writes the recorded weights and never decides about traffic."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cutover.components.weighted_listener import default_actions
from cutover.config import EnvironmentConfig
from cutover.config.network import HttpWaiver, LoadBalancer
from cutover.domain import Allocation, Weight
from cutover.programs.environment import environment_program

LISTENER = "aws:lb/listener:Listener"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"


def allocation(**weights: int) -> Allocation:
    return Allocation(
        weights=tuple(
            Weight(release=name, version=name, target_group_arn=f"arn:{name}", weight=weight)
            for name, weight in weights.items()
        )
    )


@pytest.fixture
def listener(run: Callable[..., Any], config: EnvironmentConfig) -> Callable[[Allocation], dict[str, Any]]:
    return lambda recorded: run(partial(environment_program, config, recorded)).one(LISTENER)


def test_before_the_first_release_the_listener_answers_503(listener: Callable[[Allocation], dict[str, Any]]) -> None:
    (action,) = listener(Allocation())["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "503")


def test_the_listener_gets_the_recorded_weights(listener: Callable[[Allocation], dict[str, Any]]) -> None:
    (action,) = listener(allocation(b=30, a=70))["defaultActions"]
    assert action["forward"]["targetGroups"] == [{"arn": "arn:a", "weight": 70}, {"arn": "arn:b", "weight": 30}]


def test_the_listener_does_not_name_a_release_without_weight(listener: Callable[[Allocation], dict[str, Any]]) -> None:
    (action,) = listener(allocation(a=0, b=100))["defaultActions"]
    assert action["forward"]["targetGroups"] == [{"arn": "arn:b", "weight": 100}]


def test_the_component_does_not_name_a_target_group_without_weight() -> None:
    (action,) = default_actions({"arn:a": 0, "arn:b": 100})
    assert action["forward"] == {"target_groups": [{"arn": "arn:b", "weight": 100}]}


def test_a_certificate_makes_the_listener_https_with_the_strict_tls_policy(
    run: Callable[..., Any], config: EnvironmentConfig
) -> None:
    encrypted = config.model_copy(update={"load_balancer": LoadBalancer(certificate_arn=CERTIFICATE)})
    listener = run(partial(environment_program, encrypted, Allocation())).one(LISTENER)
    assert (listener["protocol"], listener["port"], listener["certificateArn"]) == ("HTTPS", 443, CERTIFICATE)
    assert listener["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"


def test_the_load_balancer_is_protected_and_strict_by_default(
    run: Callable[..., Any], config: EnvironmentConfig
) -> None:
    waiver = HttpWaiver(reason="a test without any traffic")
    default = config.model_copy(update={"load_balancer": LoadBalancer(plain_http=waiver)})
    balancer = run(partial(environment_program, default, Allocation())).one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer["enableDeletionProtection"] is True
    assert (balancer["dropInvalidHeaderFields"], balancer["desyncMitigationMode"]) == (True, "defensive")


def test_pulumi_protects_the_load_balancer_and_its_listener_while_deletion_protection_is_on(
    run: Callable[..., Any], config: EnvironmentConfig
) -> None:
    for protection in (True, False):
        balancer = config.load_balancer.model_copy(update={"deletion_protection": protection})
        settings = config.model_copy(update={"load_balancer": balancer})
        resources = run(partial(environment_program, settings, Allocation()))
        protected = {resource.type for resource in resources.registered if resource.protect}
        assert protected == ({LISTENER, "aws:lb/loadBalancer:LoadBalancer"} if protection else set())


def test_the_load_balancer_reaches_tasks_in_every_block_of_the_vpc(
    run: Callable[..., Any], config: EnvironmentConfig
) -> None:
    rules = run(partial(environment_program, config, Allocation())).of(EGRESS)
    assert [(rule.name, rule.inputs["cidrIpv4"]) for rule in rules] == [
        ("local-to-tasks", "10.0.0.0/16"),
        ("local-to-tasks-100.64.0.0-16", "100.64.0.0/16"),
    ]


def test_the_tags_name_application_and_account(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    provider = run(partial(environment_program, config, Allocation())).one("pulumi:providers:aws")
    tags = json.loads(provider["defaultTags"])["tags"]
    assert (tags["cutover:application"], tags["cutover:account"]) == ("shop", "123456789012")


def test_the_load_balancer_is_in_the_public_subnets(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    balancer = run(partial(environment_program, config, Allocation())).one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer["subnets"] == ["subnet-public-a", "subnet-public-b"]


def test_users_can_connect_to_the_listeners_port_only(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    resources = run(partial(environment_program, config, Allocation()))
    rule = resources.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("0.0.0.0/0", 80, 80)


def test_without_weights_the_response_is_the_recorded_maintenance_text(
    listener: Callable[[Allocation], dict[str, Any]],
) -> None:
    (action,) = listener(Allocation(maintenance="back at seven"))["defaultActions"]
    assert action["fixedResponse"]["messageBody"] == "back at seven"


def test_sticky_sessions_are_on_only_if_configured(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    sticky = config.model_copy(update={"load_balancer": config.load_balancer.model_copy(update={"stickiness": 3600.0})})
    for settings, expected in ((config, None), (sticky, {"enabled": True, "duration": 3600})):
        inputs = run(partial(environment_program, settings, allocation(a=100))).one(LISTENER)
        assert inputs["defaultActions"][0]["forward"].get("stickiness") == expected
