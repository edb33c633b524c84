"""Run Pulumi programs against mocks, which record every resource and create none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime.stack import wait_for_rpcs
from pulumi.runtime.sync_await import _sync_await

from cutover.config import EnvironmentConfig, load_environment

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Registered:
    """One resource that a program registered."""

    type: str
    name: str
    inputs: dict[str, Any]
    protect: bool = False
    delete_timeout: str = ""
    retained: bool = False


@dataclass
class Resources(pulumi_mocks.Mocks):
    """Every resource of a program, in the order in which the program registered it."""

    registered: list[Registered] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.registered.append(Registered(args.typ, args.name, dict(args.inputs)))
        outputs = {**args.inputs, "arn": f"arn:aws:mock:::{args.name}", "name": args.inputs.get("name", args.name)}
        return f"{args.name}-id", outputs

    def call(self, args: pulumi_mocks.MockCallArgs) -> dict[str, Any]:
        self.looked_up.append(args.token)
        if args.token == "aws:ec2/getVpc:getVpc":
            blocks = [("10.0.0.0/16", "associated"), ("100.64.0.0/16", "associated"), ("10.9.0.0/16", "disassociated")]
            associations = [{"associationId": cidr, "cidrBlock": cidr, "state": state} for cidr, state in blocks]
            return {"id": "vpc-1", "cidrBlock": "10.0.0.0/16", "cidrBlockAssociations": associations}
        return {"ids": [f"subnet-{dict(args.args['tags'])['Tier']}-{zone}" for zone in "ba"]}

    def of(self, token: str) -> list[Registered]:
        return [resource for resource in self.registered if resource.type == token]

    def one(self, token: str) -> dict[str, Any]:
        """The inputs of the only resource of this type."""
        (resource,) = self.of(token)
        return resource.inputs


class Options(pulumi_mocks.MockMonitor):
    """Adds to each resource the options that Pulumi's mocks do not show."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)
        resources = cast("Resources", self.mocks)
        for resource in resources.of(request.type):
            if resource.name == request.name:
                resource.protect, resource.delete_timeout = request.protect, request.customTimeouts.delete
                resource.retained = request.retainOnDelete
        return response


@pytest.fixture
def run() -> Iterator[Callable[[Callable[[], None]], Resources]]:
    """Runs a program and returns the resources that it registered."""

    def run_program(program: Callable[[], None]) -> Resources:
        resources = Resources()
        monitor = Options(resources)
        pulumi_mocks.set_mocks(resources, project="cutover", stack="test", preview=False, monitor=monitor)
        program()
        _sync_await(wait_for_rpcs())
        return resources

    yield run_program
    pulumi_mocks.set_mocks(Resources())


@pytest.fixture
def config() -> EnvironmentConfig:
    """The configuration of the local environment."""
    return load_environment(ROOT, "local")
