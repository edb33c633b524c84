"""A configuration, a manifest and the outputs of an environment, for tests."""

from datetime import UTC, datetime

from cutover.config import EnvironmentConfig, build_manifest
from cutover.domain import EnvironmentOutputs, Manifest, Release, ReleaseState, StackIdentity
from cutover.domain.release import Network

OUTPUTS = EnvironmentOutputs(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-b", "subnet-a"),
    load_balancer_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/1",
    load_balancer_name="shop",
    load_balancer_dns_name="shop.example",
    load_balancer_security_group_id="sg-1",
    listener_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2",
    listener_port=80,
    listener_protocol="HTTP",
)
IDENTITY = StackIdentity(
    project="shop", stack="prod", account_id="123456789012", region="eu-west-1", backend="s3://cutover-state"
)


def config_for(version: str, **changes: object) -> EnvironmentConfig:
    """A valid configuration of `version`; `changes` replace whole sections."""
    sections: dict[str, object] = {
        "application": "shop",
        "environment": "prod",
        "project": "shop",
        "provider": {"region": "eu-west-1", "account_id": "123456789012"},
        "records": {"artifact_bucket": "shop-artifacts"},
        "network": {
            "vpc_tags": {"Name": "main"},
            "load_balancer_subnet_tags": {"Tier": "public"},
            "service_subnet_tags": {"Tier": "private"},
        },
        "load_balancer": {"plain_http": {"reason": "a test that leaves nothing"}},
        "release": {"version": version, "image": f"shop:{version}"},
        "strategy": {"bake": "30s", "propagation_margin": "5s", "drain": "20s"},
    }
    return EnvironmentConfig.model_validate(sections | changes)


def manifest_for(config: EnvironmentConfig) -> Manifest:
    """The manifest of a configuration, in a network of the tests."""
    network = Network(
        vpc_id="vpc-1",
        subnet_ids=("subnet-a", "subnet-b"),
        load_balancer_security_group_id="sg-1",
        listener_arn="arn:listener",
    )
    image = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:{'a' * 64}"
    return build_manifest(config, image=image, secrets={}, network=network)


def release_for(manifest: Manifest) -> Release:
    """The ledger's entry of a release that is about to be created."""
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    return Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.CREATING, created_at=created_at)
