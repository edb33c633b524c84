"""The command for the night: what the driver prints when it cannot act is complete, and a shell runs it as it is."""

import json
import shlex

import pytest

from cutover import operations
from cutover.domain import Status
from cutover.execution.break_glass import weights_by_hand
from support.executions import context_of, release
from support.fakes import OUTPUTS, InMemoryEnvironment


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version))
    return environment


def command(environment: InMemoryEnvironment, **changes: object) -> list[str]:
    sentence = weights_by_hand(context_of(environment, environment.driver("v2", **changes)))
    before, _, text = sentence.partition(", run: ")
    assert before == f"to give {release(environment, 'v1').ref.release} all traffic by hand"
    return shlex.split(text)


def test_the_command_gives_the_last_good_release_all_traffic(environment: InMemoryEnvironment) -> None:
    *words, actions = command(environment)
    assert words == [
        "aws", "elbv2", "modify-listener", "--region", "eu-west-1", "--listener-arn", OUTPUTS.listener_arn,
        "--default-actions",
    ]  # fmt: skip
    name = release(environment, "v1").ref.release
    forward = {"TargetGroups": [{"TargetGroupArn": f"tg/{name}", "Weight": 100}]}
    assert json.loads(actions) == [{"Type": "forward", "ForwardConfig": forward}]


def test_the_command_keeps_the_stickiness(environment: InMemoryEnvironment) -> None:
    balancer = {"plain_http": {"reason": "a test that leaves nothing"}, "stickiness": "1h"}
    (action,) = json.loads(command(environment, load_balancer=balancer)[-1])
    stickiness = {"Enabled": True, "DurationSeconds": 3600}
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == stickiness


def test_the_command_names_the_endpoint_of_a_local_cloud(environment: InMemoryEnvironment) -> None:
    provider = {"region": "eu-west-1", "account_id": "123456789012", "endpoint": "http://127.0.0.1:4566"}
    words = command(environment, provider=provider)
    assert words[words.index("--endpoint-url") + 1] == "http://127.0.0.1:4566"


def test_without_a_good_release_there_is_no_command() -> None:
    environment = InMemoryEnvironment()
    environment.cloud.behaviour["v1"] = "unhealthy"
    execution = operations.deploy(environment.driver("v1"))
    assert execution is not None
    assert execution.status is Status.ROLLED_BACK
    assert "there is no release" in weights_by_hand(context_of(environment, environment.driver("v1")))


def test_a_driver_that_never_read_the_good_releases_says_so(environment: InMemoryEnvironment) -> None:
    context = context_of(environment, environment.driver("v2"))
    context.knowledge.is_learnt = False
    assert "could not read which release is the last good one" in weights_by_hand(context)
