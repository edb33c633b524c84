"""Programs run against Pulumi's mocks: what they ask for is recorded, nothing is made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime.stack import wait_for_rpcs
from pulumi.runtime.sync_await import _sync_await

from cutover.config import EnvironmentConfig, load_environment

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RecordedResource:
    """One resource that a program asked for."""

    type: str
    name: str
    inputs: dict[str, Any]


@dataclass
class RecordedResources(pulumi_mocks.Mocks):
    """Every resource in the order in which it was registered, and the stack's outputs."""

    made: list[RecordedResource] = field(default_factory=list)

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made.append(RecordedResource(args.typ, args.name, dict(args.inputs)))
        outputs = {**args.inputs, "arn": f"arn:aws:mock:::{args.name}", "name": args.inputs.get("name", args.name)}
        return f"{args.name}-id", outputs

    def call(self, args: pulumi_mocks.MockCallArgs) -> dict[str, Any]:
        if args.token == "aws:ec2/getVpc:getVpc":
            return {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"}
        return {"ids": [f"subnet-{dict(args.args['tags'])['Tier']}-{zone}" for zone in "ba"]}

    def of(self, token: str) -> list[RecordedResource]:
        return [made for made in self.made if made.type == token]

    def one(self, token: str) -> dict[str, Any]:
        (found,) = self.of(token)
        return found.inputs

    def index(self, token: str) -> int:
        return next(i for i, made in enumerate(self.made) if made.type == token)


@pytest.fixture
def run() -> Iterator[Callable[[Callable[[], None]], RecordedResources]]:
    """Runs a program and returns what it asked for; exports are in the stack's outputs."""

    def run_program(program: Callable[[], None]) -> RecordedResources:
        resources = RecordedResources()
        pulumi_mocks.set_mocks(resources, project="cutover", stack="test", preview=False)
        program()
        _sync_await(wait_for_rpcs())
        return resources

    yield run_program
    pulumi_mocks.set_mocks(RecordedResources())


@pytest.fixture
def config() -> EnvironmentConfig:
    """The local environment, as its file says."""
    return load_environment(ROOT, "local")
