"""The program of a change of weights: it registers the listener of the environment stack and nothing else."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi
from pulumi.resource import DependencyResource

from cutover.components.weighted_listener import WeightedListener, WeightedListenerArgs
from cutover.config import EnvironmentConfig
from cutover.domain import Allocation
from cutover.programs.environment import environment_tags
from cutover.programs.provider import aws_provider

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RecordedListener:
    """The listener in the exported state of the environment stack, and the outputs of the stack."""

    inputs: Mapping[str, Any]
    dependencies: Sequence[str]
    """URNs of the resources that the listener depends on, which this program does not register."""
    outputs: Mapping[str, Any]


def listener_program(config: EnvironmentConfig, allocation: Allocation, recorded: RecordedListener) -> None:
    """Give the listener the weights of `allocation`, and leave all else as it is recorded.

    It makes no look-ups, so nothing but the listener can stop it. Run it with the listener as the only target: the
    engine then keeps all resources that the program does not register. URNs, dependencies and outputs are those of
    `environment_program`, so that an update of the whole environment afterwards changes nothing.
    """
    provider = aws_provider(config.provider, environment_tags(config))
    parent = pulumi.ComponentResource(
        "cutover:environment:Environment", config.environment, None, pulumi.ResourceOptions(provider=provider)
    )
    inputs, stickiness = recorded.inputs, config.load_balancer.stickiness
    WeightedListener(
        config.environment,
        WeightedListenerArgs(
            load_balancer_arn=_depending_on(recorded.dependencies, str(inputs["loadBalancerArn"])),
            port=int(inputs["port"]),
            certificate_arn=inputs.get("certificateArn"),
            tls_policy=str(inputs.get("sslPolicy", "")),
            weights=allocation.positive(),
            no_traffic_body=allocation.no_traffic_body,
            stickiness_seconds=None if stickiness is None else round(stickiness),
            deletion_protection=config.load_balancer.deletion_protection,
        ),
        pulumi.ResourceOptions(parent=parent),
    )
    for name, value in recorded.outputs.items():
        pulumi.export(name, value)


def listener_urn(project: str, environment: str) -> str:
    """The URN of the listener in the environment's stack, which has the environment's name."""
    types = "cutover:environment:Environment$cutover:weighted_listener:WeightedListener$aws:lb/listener:Listener"
    return f"urn:pulumi:{environment}::{project}::{types}::{environment}-listener"


def _depending_on(urns: Sequence[str], value: str) -> pulumi.Output[str]:
    """A literal value that depends on resources which the program does not register.

    Without it the listener's dependency on the load balancer would leave the state, and a destroy could try to delete
    both at the same time.
    """
    return pulumi.Output({DependencyResource(urn) for urn in urns}, _now(value), _now(value=True))


def _now(value: _T) -> "asyncio.Future[_T]":
    future: asyncio.Future[_T] = asyncio.Future()
    future.set_result(value)
    return future
