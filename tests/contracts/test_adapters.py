"""The adapters of images and secrets, and the translation of AWS's errors, on the local cloud."""

from typing import Any

import pytest

from cutover.adapters.alb import AlbTraffic
from cutover.adapters.configuration import AwsConfiguration
from cutover.adapters.ecr import EcrImages
from cutover.adapters.probe import probe_for
from cutover.adapters.session import Session
from cutover.components.repositories import pull_policy
from cutover.config.schema import Provider
from cutover.domain.errors import InvalidInput, PreflightFailed, StepFailed, TransientFailure
from cutover.localcloud.faults import THROTTLE, UNAVAILABLE, Fault
from cutover.localcloud.server import LocalCloud
from support.fakes import OUTPUTS

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def single_attempt(session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session that never retries."""
    monkeypatch.setattr("cutover.adapters.session._ATTEMPTS", 1)
    return Session(session.provider)


@pytest.fixture(scope="module")
def repository(session: Session) -> str:
    ecr: Any = session.ecr_in("eu-west-1")
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


def test_an_image_of_another_account_is_looked_up_there_if_its_repository_allows_it(session: Session) -> None:
    from moto.ecr.models import ecr_backends

    theirs = ecr_backends["222222222222"]["eu-central-1"]
    theirs.create_repository("cart", None, {}, None, "IMMUTABLE", [])
    theirs.put_image("cart", '{"schemaVersion": 2}', "v1", "application/vnd.oci.image.manifest.v1+json", DIGEST)
    image = "222222222222.dkr.ecr.eu-central-1.amazonaws.com/cart"
    with pytest.raises(PreflightFailed, match="no resource-based policy allows the ecr:DescribeImages action"):
        EcrImages(session).resolve(f"{image}:v1")
    theirs.set_repository_policy("222222222222", "cart", pull_policy(["123456789012"], "aws"))
    assert EcrImages(session).resolve(f"{image}:v1") == f"{image}@{DIGEST}"


@pytest.mark.parametrize("image", ["shop:v2", "other:v1", "shop@sha256:" + "b" * 64])
def test_an_image_that_does_not_exist_is_invalid_input(session: Session, repository: str, image: str) -> None:
    with pytest.raises(InvalidInput, match=image):
        EcrImages(session).resolve(image)


def test_a_secret_is_pinned_to_its_current_version_without_reading_it(session: Session) -> None:
    secret = session.secretsmanager.create_secret(Name="db", SecretString="canary")
    pinned = AwsConfiguration(session).pin(secret["ARN"] + ":password")
    assert pinned.reference == f"{secret['ARN']}:password::{secret['VersionId']}"


def test_a_parameter_has_no_version(session: Session) -> None:
    for value in ("one", "two"):
        session.ssm.put_parameter(Name="/shop/flag", Type="String", Value=value, Overwrite=True)
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/flag"
    assert AwsConfiguration(session).pin(arn).reference == arn


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:none-AbCdEf",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/none",
        "arn:aws:s3:::bucket",
    ],
)
def test_a_secret_that_does_not_exist_is_invalid_input(session: Session, arn: str) -> None:
    with pytest.raises(InvalidInput):
        AwsConfiguration(session).pin(arn)


@pytest.mark.parametrize("fault", [THROTTLE, UNAVAILABLE], ids=["throttled", "5xx"])
def test_an_error_that_may_go_away_is_transient(cloud: LocalCloud, single_attempt: Session, fault: Any) -> None:
    cloud.faults.add(Fault("elasticloadbalancing", fault, "DescribeListeners", times=50))
    try:
        with pytest.raises(TransientFailure):
            AlbTraffic(single_attempt).weights(OUTPUTS.listener_arn)
    finally:
        cloud.faults.clear()


def test_an_endpoint_that_does_not_answer_fails_the_preflight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutover.adapters.session._ATTEMPTS", 1)
    provider = Provider(
        region="eu-west-1", account_id="123456789012", endpoint="http://127.0.0.1:9", access_key="t", secret_key="t"
    )
    with pytest.raises(PreflightFailed, match=r"127\.0\.0\.1:9"):
        Session(provider).caller_account()


def test_a_load_balancer_that_the_endpoint_does_not_know_fails_with_its_name(session: Session) -> None:
    with pytest.raises(StepFailed, match="shop"):
        probe_for(session.provider)(OUTPUTS)
