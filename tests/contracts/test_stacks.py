"""The contract of the Stacks port, on the fake and on the local cloud with the Pulumi engine.

The tests build on each other, in their order: one environment, and releases that later tests change and destroy.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.domain import Allocation, Release, ReleaseOutputs, ReleaseRef, Weight
from cutover.domain.errors import Interrupted, PreflightFailed, StepFailed
from cutover.localcloud.server import LocalCloud
from cutover.ports import EnvironmentOutputs
from support.contract_stacks import ContractStacks, FakeContractStacks, LocalContractStacks


@pytest.fixture(scope="module", params=["fake", pytest.param("local cloud", marks=pytest.mark.engine)])
def account(request: pytest.FixtureRequest) -> Iterator[ContractStacks]:
    """An account without an environment."""
    if request.param == "fake":
        yield FakeContractStacks()
        return
    cloud: LocalCloud = request.getfixturevalue("cloud")
    state_dir: Path = request.getfixturevalue("state_dir")
    local = LocalContractStacks(cloud, state_dir)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local.variables().items():
            patch.setenv(name, value)
        yield local


@pytest.fixture(scope="module")
def environment(account: ContractStacks) -> EnvironmentOutputs:
    account.stacks.create_environment(Allocation())
    return account.stacks.environment()


@pytest.fixture(scope="module")
def first(account: ContractStacks, environment: EnvironmentOutputs) -> Release:
    """The record of a release. The first test that needs the release creates it; later tests change it."""
    return account.release("v1")


@pytest.fixture(scope="module")
def second(account: ContractStacks, environment: EnvironmentOutputs) -> Release:
    return account.release("v2")


def all_to(release: Release, outputs: ReleaseOutputs) -> Allocation:
    ref, arn = release.ref, outputs.target_group_arn
    weight = Weight(release=ref.release, version=ref.version, target_group_arn=arn, weight=100)
    return Allocation(weights=(weight,))


def test_an_environment_that_was_never_created_is_missing(account: ContractStacks) -> None:
    with pytest.raises(PreflightFailed) as missing:
        account.stacks.environment()
    assert missing.value.code == "ENVIRONMENT_MISSING"
    with pytest.raises(StepFailed) as no_listener:
        account.stacks.apply_allocation(Allocation())
    assert no_listener.value.code == "ENVIRONMENT_MISSING"


def test_a_created_environment_has_outputs_and_no_traffic(
    account: ContractStacks, environment: EnvironmentOutputs
) -> None:
    assert account.traffic.weights(environment.listener_arn) == {}
    assert environment.load_balancer_name in environment.load_balancer_arn
    assert (environment.listener_port, environment.listener_protocol) == (80, "HTTP")
    assert len(environment.subnet_ids) == 2


def test_a_preview_of_a_new_release_names_its_resources_and_creates_nothing(
    account: ContractStacks, first: Release
) -> None:
    preview = account.stacks.preview_release(first.manifest)
    assert (preview.stack, preview.exists) == (first.ref.release, False)
    assert {change.op for change in preview.changes} == {"create"}
    assert "aws:ecs/service:Service" in {change.type for change in preview.changes}
    assert not account.stacks.release_exists(first.ref)
    with pytest.raises(StepFailed) as missing:
        account.stacks.outputs(first.ref)
    assert missing.value.code == "RELEASE_MISSING"


def test_a_release_exists_once_it_is_created_and_its_outputs_lead_to_its_service(
    account: ContractStacks, first: Release
) -> None:
    outputs = account.stacks.create_release(first, 2)
    assert account.stacks.release_exists(first.ref)
    assert account.stacks.outputs(first.ref) == outputs
    service = account.compute.service(outputs)
    assert service is not None
    assert service.desired == 2
    account.traffic.target_health(outputs.target_group_arn)


def test_a_second_creation_changes_nothing(account: ContractStacks, first: Release) -> None:
    outputs = account.stacks.create_release(first, 1)
    assert outputs == account.stacks.outputs(first.ref)
    service = account.compute.service(outputs)
    assert service is not None
    assert service.desired == 2


def test_a_complete_stack_with_a_pending_operation_is_neither_destroyed_nor_changed_by_a_creation(
    account: ContractStacks, first: Release
) -> None:
    outputs = account.stacks.outputs(first.ref)
    account.leave_pending_operation(first)
    assert not account.stacks.release_exists(first.ref), "the result of the operation is not known"
    assert account.stacks.outputs(first.ref) == outputs
    assert account.stacks.create_release(first, 1) == outputs
    assert account.stacks.release_exists(first.ref)
    service = account.compute.service(outputs)
    assert service is not None
    assert service.desired == 2


def test_a_preview_of_other_weights_updates_the_listener_alone_and_writes_nothing(
    account: ContractStacks, environment: EnvironmentOutputs, first: Release
) -> None:
    preview = account.stacks.preview_environment(all_to(first, account.stacks.outputs(first.ref)))
    changes = [change for change in preview.changes if change.op != "same"]
    assert [(change.op, change.type, change.causes) for change in changes] == [
        ("update", "aws:lb/listener:Listener", ("defaultActions",))
    ]
    assert preview.exists
    assert account.traffic.weights(environment.listener_arn) == {}


def test_an_applied_allocation_is_read_back_from_the_listener(
    account: ContractStacks, environment: EnvironmentOutputs, first: Release
) -> None:
    outputs = account.stacks.outputs(first.ref)
    account.stacks.apply_allocation(all_to(first, outputs))
    assert account.traffic.weights(environment.listener_arn) == {outputs.target_group_arn: 100}


def test_after_a_change_of_weights_an_update_of_the_whole_environment_changes_nothing(
    account: ContractStacks, environment: EnvironmentOutputs, first: Release
) -> None:
    assert account.stacks.environment() == environment
    preview = account.stacks.preview_environment(all_to(first, account.stacks.outputs(first.ref)))
    assert {change.op for change in preview.changes} == {"same"}


def test_a_target_group_that_does_not_exist_is_refused_and_the_weights_stay(
    account: ContractStacks, environment: EnvironmentOutputs, first: Release
) -> None:
    outputs = account.stacks.outputs(first.ref)
    missing = outputs.model_copy(update={"target_group_arn": outputs.target_group_arn + "0"})
    with pytest.raises(StepFailed, match="TargetGroupNotFound") as refused:
        account.stacks.apply_allocation(all_to(first, missing))
    assert refused.value.code == "PULUMI_FAILED"
    assert account.traffic.weights(environment.listener_arn) == {outputs.target_group_arn: 100}


def test_a_release_with_traffic_is_not_destroyed(
    account: ContractStacks, environment: EnvironmentOutputs, first: Release
) -> None:
    outputs = account.stacks.outputs(first.ref)
    with pytest.raises(StepFailed, match=r"has traffic.* a weight of 100") as refused:
        account.stacks.destroy_release(first)
    assert refused.value.code == "HAS_TRAFFIC"
    assert account.stacks.release_exists(first.ref)
    assert account.compute.service(outputs) is not None
    assert account.traffic.weights(environment.listener_arn) == {outputs.target_group_arn: 100}


def test_a_destroy_fails_while_the_listener_names_the_target_group_and_leaves_half_a_release(
    account: ContractStacks, environment: EnvironmentOutputs, first: Release
) -> None:
    outputs = account.stacks.outputs(first.ref)
    account.name_without_weight(outputs)
    with pytest.raises(StepFailed, match="ResourceInUse") as refused:
        account.stacks.destroy_release(first)
    assert refused.value.code == "PULUMI_FAILED"
    assert not account.stacks.release_exists(first.ref)
    assert account.compute.service(outputs) is None, "Pulumi deletes the service first"
    assert account.traffic.target_health(outputs.target_group_arn) == ()
    assert account.traffic.weights(environment.listener_arn) == {}


def test_a_half_destroyed_release_is_created_again_whole(account: ContractStacks, first: Release) -> None:
    outputs = account.stacks.create_release(first, 1)
    assert account.stacks.release_exists(first.ref)
    service = account.compute.service(outputs)
    assert service is not None
    assert service.desired == 1


def test_a_release_does_not_exist_until_its_interrupted_creation_is_finished(
    account: ContractStacks, second: Release
) -> None:
    with pytest.raises(Interrupted):
        account.interrupt_creation(second)
    assert not account.stacks.release_exists(second.ref)
    with pytest.raises(StepFailed) as missing:
        account.stacks.outputs(second.ref)
    assert missing.value.code == "RELEASE_MISSING"
    outputs = account.stacks.create_release(second, 1)
    assert account.stacks.release_exists(second.ref)
    assert account.compute.service(outputs) is not None


def test_a_destroyed_release_is_gone_and_a_second_destroy_does_nothing(
    account: ContractStacks, second: Release
) -> None:
    outputs = account.stacks.outputs(second.ref)
    account.stacks.destroy_release(second)
    for _ in range(2):
        assert not account.stacks.release_exists(second.ref)
        assert account.compute.service(outputs) is None
        with pytest.raises(StepFailed) as gone:
            account.traffic.target_health(outputs.target_group_arn)
        assert gone.value.code == "TARGET_GROUP_GONE"
        account.stacks.destroy_release(second)


def test_a_stack_has_the_recorded_name_whatever_digest_the_manifest_has_today(
    account: ContractStacks, second: Release
) -> None:
    digest = "0123456789abcdef" * 4
    ref = ReleaseRef(release=f"recorded-v2-{digest[:8]}", version="v2", digest=digest)
    recorded = second.model_copy(update={"ref": ref})
    outputs = account.stacks.create_release(recorded, 1)
    assert account.stacks.release_exists(ref)
    assert not account.stacks.release_exists(second.ref)
    account.stacks.destroy_release(recorded)
    assert not account.stacks.release_exists(ref)
    assert account.compute.service(outputs) is None
