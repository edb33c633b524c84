"""The adapters of the load balancer, ECS, the registry and secrets, against the local cloud."""

from typing import Any

import pytest

from cutover.adapters.alb import AlbTraffic
from cutover.adapters.configuration import AwsConfiguration
from cutover.adapters.ecr import EcrImages
from cutover.adapters.ecs import EcsCompute
from cutover.adapters.probe import HttpProbe, probe_for
from cutover.adapters.session import Session
from cutover.domain import Allocation, ReleaseOutputs, ReleaseRef, Weight
from cutover.domain.errors import InvalidInput, PreflightFailed, StepFailed, TransientFailure
from cutover.localcloud.faults import THROTTLE, UNAVAILABLE, Fault
from cutover.localcloud.server import LocalCloud
from support.fakes import OUTPUTS

DIGEST = "sha256:" + "a" * 64
REF = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)


@pytest.fixture(scope="module")
def balancer(session: Session) -> dict[str, str]:
    """ARNs of a listener that answers 503, and of two target groups behind its load balancer."""
    elbv2: Any = session.elbv2
    ec2: Any = session._boto.client("ec2", endpoint_url=session.provider.endpoint)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["cutover-local"]}])["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]]
    lb = elbv2.create_load_balancer(Name="contract", Subnets=subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
    made = elbv2.create_listener(LoadBalancerArn=lb, Protocol="HTTP", Port=80, DefaultActions=[answer])
    arns = {"listener": made["Listeners"][0]["ListenerArn"]}
    for name in ("a", "b"):
        group = elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
        arns[name] = group["TargetGroups"][0]["TargetGroupArn"]
    return arns


def allocation(**weights: tuple[str, int]) -> Allocation:
    return Allocation(
        weights=tuple(
            Weight(release=name, version=name, target_group_arn=arn, weight=weight)
            for name, (arn, weight) in weights.items()
        )
    )


def test_weights_are_read_as_they_were_written(session: Session, balancer: dict[str, str]) -> None:
    traffic = AlbTraffic(session)
    traffic.set_weights(balancer["listener"], allocation(a=(balancer["a"], 30), b=(balancer["b"], 70)))
    assert traffic.weights(balancer["listener"]) == {balancer["a"]: 30, balancer["b"]: 70}


def test_no_release_is_a_fixed_answer(session: Session, balancer: dict[str, str]) -> None:
    traffic = AlbTraffic(session)
    traffic.set_weights(balancer["listener"], Allocation())
    assert traffic.weights(balancer["listener"]) == {}


def test_a_release_of_weight_0_is_not_named(session: Session, balancer: dict[str, str]) -> None:
    traffic = AlbTraffic(session)
    traffic.set_weights(balancer["listener"], allocation(a=(balancer["a"], 0), b=(balancer["b"], 100)))
    assert traffic.weights(balancer["listener"]) == {balancer["b"]: 100}


def test_a_target_group_named_with_weight_0_is_left_out(session: Session, balancer: dict[str, str]) -> None:
    groups: Any = [{"TargetGroupArn": balancer[name], "Weight": weight} for name, weight in (("a", 0), ("b", 1))]
    session.elbv2.modify_listener(
        ListenerArn=balancer["listener"],
        DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )
    assert AlbTraffic(session).weights(balancer["listener"]) == {balancer["b"]: 1}


def test_a_target_group_that_is_gone_says_so(session: Session, balancer: dict[str, str]) -> None:
    with pytest.raises(StepFailed, match="is gone"):
        AlbTraffic(session).target_health(balancer["a"] + "0")


def test_a_service_that_ecs_does_not_know_is_none(session: Session) -> None:
    outputs = ReleaseOutputs(
        cluster_arn="arn:aws:ecs:eu-west-1:123456789012:cluster/none",
        service_name="none",
        task_definition_arn="arn:t",
        target_group_arn="arn:g",
        security_group_id="sg-1",
        log_group_name="l",
    )
    assert EcsCompute(session).service(outputs) is None


def test_a_service_is_seen_with_its_count_after_it_was_scaled(session: Session) -> None:
    ecs: Any = session.ecs
    cluster = ecs.create_cluster(clusterName="scaled")["cluster"]["clusterArn"]
    definition = ecs.register_task_definition(
        family="scaled", containerDefinitions=[{"name": "app", "image": "i", "memory": 64}]
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster=cluster, serviceName="s", taskDefinition=definition, desiredCount=1)
    outputs = ReleaseOutputs(
        cluster_arn=cluster,
        service_name="s",
        task_definition_arn=definition,
        target_group_arn="arn:g",
        security_group_id="sg-1",
        log_group_name="l",
    )
    compute = EcsCompute(session)
    compute.scale(outputs, 0)
    state = compute.service(outputs)
    assert state is not None
    assert (state.status, state.desired) == ("ACTIVE", 0)


@pytest.fixture(scope="module")
def repository(session: Session) -> str:
    ecr: Any = session.ecr
    ecr.create_repository(repositoryName="shop")
    ecr.put_image(
        repositoryName="shop",
        imageManifest='{"schemaVersion": 2}',
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag="v1",
        imageDigest=DIGEST,
    )
    return "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop"


@pytest.mark.parametrize("image", ["shop:v1", f"shop@{DIGEST}"])
def test_an_image_is_resolved_to_its_digest(session: Session, repository: str, image: str) -> None:
    assert EcrImages(session).resolve(image) == f"{repository}@{DIGEST}"


@pytest.mark.parametrize("image", ["shop:v2", "other:v1", "shop@sha256:" + "b" * 64])
def test_an_image_that_is_not_there_is_invalid(session: Session, repository: str, image: str) -> None:
    with pytest.raises(InvalidInput, match=image):
        EcrImages(session).resolve(image)


def test_a_secret_is_pinned_to_its_present_version_without_reading_it(session: Session) -> None:
    made = session.secretsmanager.create_secret(Name="db", SecretString="canary")
    pinned = AwsConfiguration(session).pin(made["ARN"] + ":password")
    assert pinned == f"{made['ARN']}:password::{made['VersionId']}"


def test_a_parameter_is_pinned_to_its_present_version(session: Session) -> None:
    for value in ("one", "two"):
        session.ssm.put_parameter(Name="/shop/flag", Type="String", Value=value, Overwrite=True)
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/flag"
    assert AwsConfiguration(session).pin(arn) == f"{arn}:2"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:none-AbCdEf",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/none",
        "arn:aws:s3:::bucket",
    ],
)
def test_a_secret_that_is_not_there_is_invalid(session: Session, arn: str) -> None:
    with pytest.raises(InvalidInput):
        AwsConfiguration(session).pin(arn)


@pytest.mark.parametrize(
    ("fault", "error"), [(THROTTLE, TransientFailure), (UNAVAILABLE, TransientFailure)], ids=["throttled", "5xx"]
)
def test_what_may_succeed_later_is_transient(
    cloud: LocalCloud,
    session: Session,
    balancer: dict[str, str],
    fault: Any,
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cutover.adapters.session._ATTEMPTS", 1)
    cloud.faults.add(Fault("elasticloadbalancing", fault, "DescribeListeners", times=50))
    try:
        with pytest.raises(error):
            AlbTraffic(Session(session.provider)).weights(balancer["listener"])
    finally:
        cloud.faults.clear()


def test_an_endpoint_where_nobody_answers_is_told_before_the_work() -> None:
    from cutover.config.schema import Provider

    provider = Provider(
        region="eu-west-1", account_id="123456789012", endpoint="http://127.0.0.1:9", access_key="t", secret_key="t"
    )
    with pytest.raises(PreflightFailed, match=r"127\.0\.0\.1:9"):
        Session(provider).caller_account()


def test_a_probe_that_gets_no_answer_says_why() -> None:
    result = HttpProbe("http://127.0.0.1:9").get(REF, "/", 1.0)
    assert (result.status, "Connection refused" in result.error) == (None, True)


def test_a_load_balancer_that_the_endpoint_does_not_know_is_told(session: Session) -> None:
    with pytest.raises(StepFailed, match="shop"):
        probe_for(session.provider)(OUTPUTS)
