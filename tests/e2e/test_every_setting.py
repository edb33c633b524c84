"""Every stack with every setting of the prod example: a second `up`, a preview and a refresh change nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.local_aws import clients
from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

ACCOUNT = "123456789012"


def client(shell: Shell, service: str) -> Any:
    return clients(shell.variables["AWS_ENDPOINT_URL"])(service)


def replace_section(shell: Shell, name: str, text: str) -> None:
    """Replace a section of the environment's file, or add it."""
    file = shell.project / "Pulumi.local.yaml"
    whole = re.sub(rf"^  cutover:{name}:\n(    .*\n|\n)*", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file.write_text(whole.replace("config:\n", f"config:\n  cutover:{name}:\n{text}\n", 1), encoding="utf-8")


def check_unchanged(shell: Shell, stack: str) -> None:
    """A preview and a refresh of a stack find nothing to do."""
    commands = (["preview"], ["up", "--yes", "--skip-preview"], ["refresh", "--yes", "--skip-preview"])
    for command in commands:
        ended = shell.run("pulumi", *command, "-s", stack, "--expect-no-changes", "--diff")
        assert ended.code == 0, f"{command[0]}: {ended.out}"


@pytest.fixture(scope="module")
def surroundings(shell: Shell) -> dict[str, str]:
    """What the settings name: a block of the VPC, a bucket, a web ACL, a key, a secret, a parameter, a policy."""
    vpcs = client(shell, "ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["cutover-local"]}])["Vpcs"]
    client(shell, "ec2").associate_vpc_cidr_block(VpcId=vpcs[0]["VpcId"], CidrBlock="100.64.0.0/16")
    configuration = {"LocationConstraint": "eu-west-1"}
    client(shell, "s3").create_bucket(Bucket="access-logs", CreateBucketConfiguration=configuration)
    acl = client(shell, "wafv2").create_web_acl(
        Name="shop",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "shop"},
    )
    key = client(shell, "kms").create_key()["KeyMetadata"]["Arn"]
    secret = client(shell, "secretsmanager").create_secret(Name="db", SecretString='{"password": "x"}', KmsKeyId=key)
    client(shell, "ssm").put_parameter(Name="/shop/flag", Type="String", Value="on")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    boundary = client(shell, "iam").create_policy(PolicyName="tasks", PolicyDocument=document)["Policy"]["Arn"]
    return {
        "acl": acl["Summary"]["ARN"],
        "key": key,
        "secret": secret["ARN"],
        "version": secret["VersionId"],
        "parameter": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/shop/flag",
        "boundary": boundary,
    }


@pytest.fixture(scope="module")
def configured(shell: Shell, surroundings: dict[str, str]) -> Shell:
    """The environment with every setting that its stacks have."""
    shell.edit(r"deletion_protection: false", "deletion_protection: true")
    replace_section(
        shell,
        "load_balancer",
        f"""    plain_http: {{reason: the local cloud has no certificates}}
    internal: false
    ingress_cidrs: [10.0.0.0/8, 192.0.2.0/24]
    deletion_protection: true
    idle_timeout: 120s
    stickiness: 1h
    access_logs_bucket: access-logs
    web_acl_arn: {surroundings["acl"]}
""",
    )
    replace_section(shell, "tags", "    team: web\n")
    shell.edit(r"drain: \S+", "drain: 1s")
    shell.edit(
        r"    desired_count: 2\n",
        f"""    desired_count: 2
    user: "1000:1000"
    command: [ignored]
    environment: {{LOG_LEVEL: info}}
    secrets: {{DB: "{surroundings["secret"]}:password", FLAG: "{surroundings["parameter"]}"}}
    writable_paths: [/tmp, /cache]
    writable_mib: 32
    slow_start: 30s
    role_path: /teams/web/
    permissions_boundary: {surroundings["boundary"]}
""",
    )
    bootstrapped = shell.cutover("bootstrap")
    assert bootstrapped.code == 0, bootstrapped.err
    return shell


def test_the_long_lived_stacks_are_the_same_after_a_second_run(configured: Shell, tmp_path: Path) -> None:
    check_unchanged(configured, "local")
    (tmp_path / "Pulumi.yaml").write_text("name: cutover-platform\nruntime: python\n", encoding="utf-8")
    place = f"{ACCOUNT}-eu-west-1"
    for folder, stack in ((tmp_path, place), (configured.project, f"repositories-{place}")):
        options = ("--yes", "--skip-preview", "--expect-no-changes")
        refreshed = configured.run("pulumi", "-C", str(folder), "refresh", "-s", stack, *options)
        assert refreshed.code == 0, f"{stack}: {refreshed.out}{refreshed.err}"


def test_the_load_balancer_has_the_settings(configured: Shell, surroundings: dict[str, str]) -> None:
    (balancer,) = client(configured, "elbv2").describe_load_balancers()["LoadBalancers"]
    acl = client(configured, "wafv2").get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"])["WebACL"]
    assert acl["ARN"] == surroundings["acl"]
    ec2 = client(configured, "ec2")
    of_group = [{"Name": "group-id", "Values": balancer["SecurityGroups"]}]
    rules = ec2.describe_security_group_rules(Filters=of_group)["SecurityGroupRules"]
    assert "100.64.0.0/16" in {rule["CidrIpv4"] for rule in rules if rule["IsEgress"]}


def test_a_rendered_release_is_the_same_after_a_second_run(configured: Shell) -> None:
    configured.set_release("1.0.0")
    release = configured.cutover("release", "render").last["release"]["release"]
    assert configured.run("pulumi", "stack", "init", release).code == 0
    for attempt in range(10):
        # A new role cannot be passed at once: `pulumi up` by hand is run again.
        created = configured.run("pulumi", "up", "-s", release, "--yes", "--skip-preview")
        if created.code == 0:
            break
        assert "iam:PassRole" in created.out or "Role is not valid" in created.out, f"{attempt}: {created.out}"
    check_unchanged(configured, release)


def test_a_deployment_with_every_setting_starts_with_its_secrets_and_shows_its_logs(
    configured: Shell, surroundings: dict[str, str]
) -> None:
    deployed = configured.cutover("deploy")
    assert (deployed.code, deployed.last["status"]) == (0, "COMPLETED"), deployed.err
    secret = client(configured, "secretsmanager").describe_secret(SecretId=surroundings["secret"])
    assert f"cutover-{surroundings['version']}" in secret["VersionIdsToStages"][surroundings["version"]]
    roles = client(configured, "iam").list_roles(PathPrefix="/teams/web/")["Roles"]
    assert len(roles) == 2


def test_the_logs_of_a_release_that_failed_are_shown_after_its_stack_is_gone(configured: Shell) -> None:
    configured.set_release("2.0.0", "crash")
    failed = configured.cutover("deploy")
    assert (failed.code, failed.last["status"]) == (5, "ROLLED_BACK"), failed.err
    shown = configured.cutover("logs", "2.0.0")
    assert shown.code == 0, shown.err
    assert any(json.loads(line)["message"] for line in shown.out.splitlines())
