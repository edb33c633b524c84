"""The contract of the Traffic port, on the fake and on the local cloud's load balancer."""

import pytest

from cutover.domain import Allocation, ReleaseRef
from cutover.domain.errors import StepFailed
from support.contract_cloud import ContractCloud, ContractRelease, all_to

UNKNOWN = ReleaseRef(release="none", version="none", digest="f" * 64)


@pytest.fixture(scope="module")
def releases(contract_cloud: ContractCloud) -> tuple[ContractRelease, ContractRelease]:
    """Two releases without a task."""
    return contract_cloud.create_release(desired_count=0), contract_cloud.create_release(desired_count=0)


def states_of(cloud: ContractCloud, release: ContractRelease) -> list[str]:
    return [target.state for target in cloud.traffic.target_health(release.outputs.target_group_arn)]


def healthy_release(cloud: ContractCloud) -> ContractRelease:
    release = cloud.create_release()
    cloud.wait_until(lambda: states_of(cloud, release) == ["healthy"])
    return release


def test_weights_are_read_back_as_written(
    contract_cloud: ContractCloud, releases: tuple[ContractRelease, ContractRelease]
) -> None:
    first, second = releases
    contract_cloud.traffic.set_weights(contract_cloud.listener_arn, all_to((first, 30), (second, 70)))
    assert contract_cloud.traffic.weights(contract_cloud.listener_arn) == {
        first.outputs.target_group_arn: 30,
        second.outputs.target_group_arn: 70,
    }


def test_a_target_group_of_weight_0_is_not_named(
    contract_cloud: ContractCloud, releases: tuple[ContractRelease, ContractRelease]
) -> None:
    first, second = releases
    contract_cloud.traffic.set_weights(contract_cloud.listener_arn, all_to((first, 0), (second, 100)))
    assert contract_cloud.traffic.weights(contract_cloud.listener_arn) == {second.outputs.target_group_arn: 100}
    assert contract_cloud.named_target_groups() == {second.outputs.target_group_arn}


def test_a_target_group_that_a_person_named_with_weight_0_has_no_traffic(
    contract_cloud: ContractCloud, releases: tuple[ContractRelease, ContractRelease]
) -> None:
    first, second = (release.outputs.target_group_arn for release in releases)
    contract_cloud.write_weights_by_hand({first: 0, second: 1})
    assert contract_cloud.traffic.weights(contract_cloud.listener_arn) == {second: 1}


@pytest.mark.parametrize("allocation", [Allocation(), Allocation(maintenance="closed until noon")])
def test_an_empty_allocation_is_a_fixed_503_with_its_text(
    contract_cloud: ContractCloud, allocation: Allocation
) -> None:
    contract_cloud.traffic.set_weights(contract_cloud.listener_arn, allocation)
    assert contract_cloud.traffic.weights(contract_cloud.listener_arn) == {}
    expected = (503, allocation.no_traffic_body)

    def answer() -> tuple[int | None, str]:
        result = contract_cloud.probe.get(UNKNOWN, "/", 5.0)
        return result.status, result.body

    contract_cloud.wait_until(lambda: answer() == expected)


def test_a_target_group_that_does_not_exist_is_refused_and_the_weights_stay(
    contract_cloud: ContractCloud, releases: tuple[ContractRelease, ContractRelease]
) -> None:
    first, _ = releases
    contract_cloud.traffic.set_weights(contract_cloud.listener_arn, all_to((first, 100)))
    outputs = first.outputs.model_copy(update={"target_group_arn": first.outputs.target_group_arn + "0"})
    with pytest.raises(StepFailed, match="TargetGroupNotFound"):
        contract_cloud.traffic.set_weights(
            contract_cloud.listener_arn, all_to((ContractRelease(first.ref, outputs), 100))
        )
    assert contract_cloud.traffic.weights(contract_cloud.listener_arn) == {first.outputs.target_group_arn: 100}


def test_a_listener_that_does_not_exist_fails(contract_cloud: ContractCloud) -> None:
    missing = contract_cloud.listener_arn + "0"
    with pytest.raises(StepFailed, match="ListenerNotFound"):
        contract_cloud.traffic.weights(missing)
    with pytest.raises(StepFailed, match="ListenerNotFound"):
        contract_cloud.traffic.set_weights(missing, Allocation())


def test_the_health_of_a_missing_target_group_fails_with_its_own_code(
    contract_cloud: ContractCloud, releases: tuple[ContractRelease, ContractRelease]
) -> None:
    with pytest.raises(StepFailed, match="does not exist") as gone:
        contract_cloud.traffic.target_health(releases[0].outputs.target_group_arn + "0")
    assert gone.value.code == "TARGET_GROUP_GONE"


def test_a_release_without_tasks_has_no_target(
    contract_cloud: ContractCloud, releases: tuple[ContractRelease, ContractRelease]
) -> None:
    assert states_of(contract_cloud, releases[0]) == []


def test_a_target_is_initial_before_it_is_healthy(contract_cloud: ContractCloud) -> None:
    release = contract_cloud.create_release()
    observed: list[tuple[str, ...]] = []

    def is_healthy() -> bool:
        observed.append(tuple(states_of(contract_cloud, release)))
        return observed[-1] == ("healthy",)

    contract_cloud.wait_until(is_healthy)
    assert list(dict.fromkeys(observed)) == [(), ("initial",), ("healthy",)]


def test_an_unhealthy_target_says_why(contract_cloud: ContractCloud) -> None:
    release = contract_cloud.create_release("unhealthy")
    contract_cloud.wait_until(lambda: states_of(contract_cloud, release) == ["unhealthy"])
    (target,) = contract_cloud.traffic.target_health(release.outputs.target_group_arn)
    assert "503" in target.reason


def test_a_release_that_crashed_until_ecs_gave_up_has_no_target(contract_cloud: ContractCloud) -> None:
    release = contract_cloud.create_release("crash")

    def has_failed() -> bool:
        service = contract_cloud.compute.service(release.outputs)
        return service is not None and service.rollout_state == "FAILED"

    contract_cloud.wait_until(has_failed)
    contract_cloud.wait_until(lambda: states_of(contract_cloud, release) == [])


def test_a_target_drains_before_it_is_gone(contract_cloud: ContractCloud) -> None:
    release = healthy_release(contract_cloud)
    contract_cloud.compute.scale(release.outputs, 0)
    contract_cloud.wait_until(lambda: states_of(contract_cloud, release) == ["draining"])
    contract_cloud.wait_until(lambda: states_of(contract_cloud, release) == [])
