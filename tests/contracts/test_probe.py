"""The contract of the Probe port, on the fake and on the local cloud's load balancer."""

import pytest

from cutover.domain import Allocation, ReleaseRef
from cutover.ports import ProbeResult
from support.contract_cloud import ContractCloud, ContractRelease, all_to

UNKNOWN = ReleaseRef(release="none", version="none", digest="f" * 64)


def probe(cloud: ContractCloud, ref: ReleaseRef) -> ProbeResult:
    return cloud.probe.get(ref, "/", 5.0)


def healthy_release(cloud: ContractCloud, behaviour: str = "good") -> ContractRelease:
    release = cloud.create_release(behaviour)
    group = release.outputs.target_group_arn
    cloud.wait_until(lambda: [target.state for target in cloud.traffic.target_health(group)] == ["healthy"])
    return release


@pytest.fixture(scope="module")
def serving(contract_cloud: ContractCloud) -> ContractRelease:
    """A healthy release that has all traffic."""
    release = healthy_release(contract_cloud)
    contract_cloud.send_requests(release)
    return release


def test_a_probe_reaches_a_release_of_weight_0(contract_cloud: ContractCloud, serving: ContractRelease) -> None:
    candidate = healthy_release(contract_cloud)
    result = probe(contract_cloud, candidate.ref)
    assert (result.status, result.error) == (200, "")
    assert candidate.ref.version in result.body
    assert 0 < result.latency_seconds < 5
    assert serving.ref.version in probe(contract_cloud, serving.ref).body


def test_a_probe_shows_the_status_of_a_release_that_answers_with_errors(contract_cloud: ContractCloud) -> None:
    candidate = healthy_release(contract_cloud, "errors")
    assert probe(contract_cloud, candidate.ref).status == 500


def test_a_probe_of_a_release_without_a_target_gets_the_load_balancers_503(
    contract_cloud: ContractCloud, serving: ContractRelease
) -> None:
    candidate = contract_cloud.create_release(desired_count=0)
    contract_cloud.wait_until(lambda: probe(contract_cloud, candidate.ref).status == 503)
    assert serving.ref.version not in probe(contract_cloud, candidate.ref).body


def test_a_probe_reaches_an_unhealthy_release_because_none_of_its_targets_is_healthy(
    contract_cloud: ContractCloud,
) -> None:
    candidate = contract_cloud.create_release("unhealthy")
    group = candidate.outputs.target_group_arn
    contract_cloud.wait_until(lambda: [t.state for t in contract_cloud.traffic.target_health(group)] == ["unhealthy"])
    assert probe(contract_cloud, candidate.ref).status == 200


def test_a_probe_of_a_release_without_a_rule_gets_the_listeners_default_action(
    contract_cloud: ContractCloud, serving: ContractRelease
) -> None:
    contract_cloud.traffic.set_weights(contract_cloud.listener_arn, all_to((serving, 100)))
    contract_cloud.wait_until(lambda: serving.ref.version in probe(contract_cloud, UNKNOWN).body)
    contract_cloud.traffic.set_weights(contract_cloud.listener_arn, Allocation())
    contract_cloud.wait_until(lambda: probe(contract_cloud, UNKNOWN).status == 503)
    assert probe(contract_cloud, UNKNOWN).body == Allocation().no_traffic_body


def test_a_load_balancer_that_does_not_answer_gives_no_status_and_an_error(contract_cloud: ContractCloud) -> None:
    result = contract_cloud.unreachable_probe.get(UNKNOWN, "/", 1.0)
    assert (result.status, result.body) == (None, "")
    assert "Connection refused" in result.error
