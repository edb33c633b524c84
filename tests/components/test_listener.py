"""A change of weights registers the listener as the environment's program does, and makes no look-ups."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cutover.config import EnvironmentConfig
from cutover.config.network import LoadBalancer
from cutover.domain import Allocation, Weight
from cutover.programs.environment import environment_program
from cutover.programs.listener import RecordedListener, listener_program

LISTENER = "aws:lb/listener:Listener"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
ALLOCATION = Allocation(weights=(Weight(release="a", version="a", target_group_arn="arn:a", weight=100),))
LOAD_BALANCER = "urn:pulumi:test::cutover::cutover:environment:Environment$aws:lb/loadBalancer:LoadBalancer::local-lb"


def recorded(inputs: dict[str, Any]) -> RecordedListener:
    return RecordedListener(inputs, (LOAD_BALANCER,), {"listener_port": inputs["port"]})


def test_a_change_of_weights_registers_the_listener_alone_and_looks_nothing_up(
    run: Callable[..., Any], config: EnvironmentConfig
) -> None:
    inputs = run(partial(environment_program, config, Allocation())).one(LISTENER)
    resources = run(partial(listener_program, config, ALLOCATION, recorded(inputs)))
    assert [resource.type for resource in resources.registered] == [
        "pulumi:providers:aws",
        "cutover:environment:Environment",
        "cutover:weighted_listener:WeightedListener",
        LISTENER,
    ]
    assert resources.looked_up == []


@pytest.mark.parametrize(
    "balancer",
    [
        LoadBalancer(certificate_arn=CERTIFICATE),
        LoadBalancer(certificate_arn=CERTIFICATE, stickiness="1h"),
        LoadBalancer(plain_http={"reason": "a test without any traffic"}),
    ],
)
def test_the_listener_gets_the_inputs_that_the_whole_environment_gives_it(
    run: Callable[..., Any], config: EnvironmentConfig, balancer: LoadBalancer
) -> None:
    settings = config.model_copy(update={"load_balancer": balancer})
    before = run(partial(environment_program, settings, Allocation())).one(LISTENER)
    whole = run(partial(environment_program, settings, ALLOCATION)).one(LISTENER)
    assert run(partial(listener_program, settings, ALLOCATION, recorded(before))).one(LISTENER) == whole


def test_the_certificate_stays_as_it_is_recorded_until_a_bootstrap(
    run: Callable[..., Any], config: EnvironmentConfig
) -> None:
    inputs = run(partial(environment_program, config, Allocation())).one(LISTENER)
    edited = config.model_copy(update={"load_balancer": LoadBalancer(certificate_arn=CERTIFICATE)})
    listener = run(partial(listener_program, edited, ALLOCATION, recorded(inputs))).one(LISTENER)
    assert (listener["protocol"], listener["port"]) == ("HTTP", 80)


def test_a_change_of_weights_keeps_the_protection_of_the_listener(
    run: Callable[..., Any], config: EnvironmentConfig
) -> None:
    settings = config.model_copy(update={"load_balancer": LoadBalancer(certificate_arn=CERTIFICATE)})
    inputs = run(partial(environment_program, settings, Allocation())).one(LISTENER)
    (listener,) = run(partial(listener_program, settings, ALLOCATION, recorded(inputs))).of(LISTENER)
    assert listener.protect
