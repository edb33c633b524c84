"""`cutover state check` names each disagreement of stacks, records and AWS, with the command that repairs it."""

import pytest

from cutover import operations
from cutover.domain import Status
from cutover.domain.errors import PreflightFailed
from cutover.operations.state_check import Finding, check_state
from support.scenario import Scenario

KEEP = {"retention": {"mode": "hot", "keep": 3}}


@pytest.fixture
def scenario() -> Scenario:
    """Two releases; v2 has all traffic."""
    scenario = Scenario()
    for version in ("v1", "v2"):
        scenario.deploy(version, **KEEP)
    return scenario


def findings(scenario: Scenario) -> tuple[Finding, ...]:
    return check_state(scenario.ports("v2", **KEEP))


def name_of(scenario: Scenario, version: str) -> str:
    return next(name for name in scenario.ledger.all_releases if f"-{version}-" in name)


def test_after_a_deployment_all_agree(scenario: Scenario) -> None:
    assert findings(scenario) == ()


def test_weights_that_were_changed_by_hand_are_a_finding(scenario: Scenario) -> None:
    scenario.cloud.weights = {scenario.group_of("v1"): 100}
    (finding,) = findings(scenario)
    assert "the listener has the weights" in finding.what
    assert finding.repair == "pulumi up --refresh -s prod"


def test_a_recorded_release_without_a_stack_is_a_finding(scenario: Scenario) -> None:
    name = name_of(scenario, "v1")
    del scenario.cloud.stacks[name]
    (finding,) = findings(scenario)
    assert finding == Finding(f"the release {name} is recorded, but its stack is missing or incomplete", "cutover gc")


def test_gc_repairs_a_recorded_release_without_a_stack_and_a_rollback_creates_it_again(scenario: Scenario) -> None:
    name = name_of(scenario, "v1")
    del scenario.cloud.stacks[name]
    assert operations.collect(scenario.ports("v2", **KEEP)) is not None
    assert findings(scenario) == ()
    execution = operations.rollback(scenario.ports("v2", **KEEP), to=None)
    assert execution is not None
    assert (execution.status, scenario.live) == (Status.COMPLETED, {"v1": 100})


def test_gc_forgets_no_release_while_the_whole_state_may_be_lost(scenario: Scenario) -> None:
    del scenario.cloud.stacks[name_of(scenario, "v1")]
    scenario.cloud.environment_exists = False
    with pytest.raises(PreflightFailed, match="does not exist"):
        operations.collect(scenario.ports("v2", **KEEP))
    assert len(scenario.ledger.standing()) == 2


def test_a_release_with_traffic_and_without_a_stack_is_left_by_a_rollback(scenario: Scenario) -> None:
    del scenario.cloud.stacks[name_of(scenario, "v2")]
    assert "cutover rollback" in {finding.repair for finding in findings(scenario)}


def test_a_stack_without_a_record_is_a_finding(scenario: Scenario) -> None:
    name = name_of(scenario, "v1")
    del scenario.ledger.all_releases[name]
    (finding,) = findings(scenario)
    assert finding == Finding(f"the stack {name} of the project shop is in no record", f"pulumi destroy -s {name}")


def test_a_missing_service_is_a_finding(scenario: Scenario) -> None:
    name, read = name_of(scenario, "v1"), scenario.compute.service
    scenario.compute.service = lambda outputs: None if name in outputs.service_name else read(outputs)  # type: ignore[method-assign]
    assert [finding.repair for finding in findings(scenario)] == [f"pulumi refresh -s {name}"]


def test_a_lost_environment_stack_is_a_finding(scenario: Scenario) -> None:
    scenario.cloud.environment_exists = False
    assert findings(scenario)[0].what == "the stack prod does not exist or is unfinished"


def test_an_environment_without_recorded_outputs_is_a_finding(scenario: Scenario) -> None:
    scenario.ledger.forget_environment()
    assert findings(scenario) == (Finding("the records do not have the environment's outputs", "cutover bootstrap"),)
