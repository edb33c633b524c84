"""Every verb of cutover, each with the access key of the role that runs it: the access key is the role's name.

`run` is the journey whose API requests are recorded in tests/permissions/recorded_calls.json.
"""

import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from ruamel.yaml import YAML

from cutover.adapters.clock import SystemClock
from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.adapters.stacks.orphans import sweep
from cutover.cli.local.cloud import variables as local_variables
from cutover.config import EnvironmentConfig, load_environment
from cutover.domain.errors import TransientFailure
from cutover.localcloud import process
from cutover.localcloud.app import Authorize
from cutover.localcloud.backends import REGION
from cutover.localcloud.server import LocalCloud
from cutover.permissions import boundary_document
from support import aws_commands
from support.permissions.requests import arn
from support.shell import ROOT, Ended, Shell, until

SET_UP = "test"
"""The access key of what an owner of the account made before: images, secrets, the topic. It may do everything."""

_SWEPT_WITHIN = 60.0  # seconds
_HOOK = "def handler(event, context):\n    return {'status': 'Succeeded', 'message': ''}\n"
_TIMINGS = {"bake": "1s", "propagation_margin": "100ms", "drain": "1s"}
_CANARY = {"kind": "canary", "canary": {"steps": [{"weight": 50}, {"pause": "1h"}]}}
_ERRORS = {"preset": "error-rate", "at_most": 100, "window": "5s", "period": "1s", "interval": "1s", "dry_run": True}


class Journey:
    """An environment in a local cloud, and the verbs by role."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def by(self, role: str, *arguments: str, code: int = 0) -> Ended:
        """Run `cutover -e local --json …` with the access key of a role, and check its exit code."""
        self.shell.edit(r"access_key: \S+", f"access_key: {role}")
        ended = self.shell.cutover(*arguments)
        assert ended.code == code, f"{role}: {arguments} ended with {ended.code}: {ended.err or ended.out}"
        return ended

    def write(self, **sections: Any) -> None:
        """Write sections into the environment's file."""
        file, yaml = self.shell.project / "Pulumi.local.yaml", YAML()
        document = yaml.load(file.read_text(encoding="utf-8"))
        for name, section in sections.items():
            document["config"][f"cutover:{name}"] = section
        with file.open("w", encoding="utf-8") as out:
            yaml.dump(document, out)

    def version(self, version: str, behaviour: str = "good") -> None:
        """Push an image, and write its version into the environment's file."""
        self.shell.edit(r"access_key: \S+", f"access_key: {SET_UP}")
        self.shell.set_release(version, behaviour)

    def section(self, name: str) -> Any:
        """A section of the environment's file."""
        text = (self.shell.project / "Pulumi.local.yaml").read_text(encoding="utf-8")
        return YAML().load(text)["config"][f"cutover:{name}"]


@contextmanager
def environment(folder: Path, authorize: Authorize) -> Iterator[Journey]:
    """A local cloud in this process that asks `authorize` about each request, and a project that points at it."""
    cloud_folder, project = folder / "cloud", folder / "project"
    for each in (cloud_folder, project):
        each.mkdir(parents=True)
    with LocalCloud(cloud_folder, authorize=authorize) as cloud:
        running = process.publish(cloud_folder, cloud.port, REGION)
        for name in ("Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"):
            shutil.copy(ROOT / name, project)
        variables = {**os.environ, **local_variables(cloud_folder, running)}
        variables |= {"CUTOVER_LOCAL": str(cloud_folder), "PYTHONPATH": str(ROOT)}
        journey = Journey(Shell(project, variables))
        journey.shell.edit(r"endpoint: \S+", f"endpoint: {running.endpoint}")
        journey.shell.edit(r"http_proxy: \S+", f"http_proxy: {running.endpoint}")
        journey.write(strategy=_TIMINGS)
        yield journey


def run(journey: Journey, prepared: Callable[[EnvironmentConfig], None]) -> None:
    """Bootstrap, deploy in each way, preview, operate, work, clean up.

    Calls `prepared` with the configuration before the first verb.
    """
    _prepare(journey)
    prepared(load_environment(journey.shell.project, "local"))
    journey.by("bootstrap", "bootstrap")
    journey.version("1.0.0")
    journey.by("preview", "preview")
    journey.by("deploy", "deploy")
    journey.write(tags={"team": "checkout"})
    journey.by("bootstrap", "bootstrap")
    records = journey.section("records")
    records["pull_accounts"] = []
    journey.write(tags={}, records=records)
    journey.by("bootstrap", "bootstrap")
    journey.by("bootstrap", "bootstrap")
    journey.write(tags={"team": "shop"})
    journey.version("2.0.0")
    journey.by("preview", "preview")
    journey.by("deploy", "deploy")
    journey.write(tags={})
    journey.version("3.0.0", "crash")
    journey.by("deploy", "deploy", code=5)
    for arguments in (
        ["doctor"], ["status"], ["history"], ["history", "--weights"], ["releases"], ["rollback", "--preview"],
        ["release", "render"], ["show", "local-1"], ["gate", "test", "--execution", "local-2"], ["gc", "--dry-run"],
        ["logs", "2.0.0"],
    ):  # fmt: skip
        journey.by("preview", *arguments)
    journey.by("deploy", "rollback")
    _work(journey)
    _operate(journey)
    journey.write(retention={"mode": "cold"})
    journey.by("deploy", "gc")
    _break_glass(journey)
    _sweep(journey)


def _prepare(journey: Journey) -> None:
    """What exists before cutover comes: a function, a topic, a bus, an alarm, a secret and a parameter."""
    iam, functions = client(journey, "iam"), client(journey, "lambda")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="hook", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("checks.py", _HOOK)
    functions.create_function(
        FunctionName="smoke",
        Runtime="python3.11",
        Role=role,
        Handler="checks.handler",
        Timeout=30,
        Code={"ZipFile": archive.getvalue()},
    )
    topic = client(journey, "sns").create_topic(Name="deployments")["TopicArn"]
    client(journey, "events").create_event_bus(Name="deployments")
    kms = client(journey, "kms")
    kms.create_alias(AliasName="alias/shop", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    secret = client(journey, "secretsmanager").create_secret(
        Name="shop/key", SecretString="value", KmsKeyId="alias/shop"
    )["ARN"]
    client(journey, "ssm").put_parameter(Name="/shop/flag", Value="on", Type="String")
    client(journey, "cloudwatch").put_metric_alarm(
        AlarmName="shop-errors",
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    records = journey.section("records")
    records["pull_accounts"] = ["210987654321"]
    gates = journey.section("gates")
    gates["metrics"], gates["alarms"] = {"errors": _ERRORS}, {"names": ["shop-errors"]}
    release = journey.section("release")
    release["secrets"] = {"KEY": secret, "FLAG": arn("ssm", "parameter/shop/flag")}
    journey.write(release=release)
    config = load_environment(journey.shell.project, "local")
    boundary = json.dumps(boundary_document(config))
    policy = iam.create_policy(PolicyName="shop-boundary", PolicyDocument=boundary)["Policy"]["Arn"]
    release["permissions_boundary"] = policy
    journey.write(
        gates=gates,
        records=records,
        release=release,
        hooks={"smoke": {"at": "AfterAllowTestTraffic", "function": "smoke", "timeout": "30s"}},
        notifications=[{"topic_arn": topic}, {"event_bus": "deployments"}],
    )


def _work(journey: Journey) -> None:
    """A pipeline records a deployment, and a worker carries it out."""
    journey.version("4.0.0")
    journey.by("deploy", "deploy", "--detach")
    journey.by("worker", "work", "--once")


def _operate(journey: Journey) -> None:
    """People answer, pause, promote and abort while a driver of the role deploy is running."""
    journey.write(strategy=_TIMINGS | _CANARY)
    for version, requests in (("5.0.0", ("pause", "resume", "promote")), ("6.0.0", ("abort",))):
        journey.version(version)
        journey.shell.edit(r"access_key: \S+", "access_key: deploy")
        driver = journey.shell.start("deploy")
        until(driver, "intent", "baking")
        for verb in requests:
            journey.by("operate", verb)
            journey.by("operate", "status")
        driver.communicate(timeout=120)
        assert driver.returncode in (0, 5), driver.returncode
    journey.by("operate", "hook", "answer", "local-1.0", "Succeeded")
    for arguments in (["history"], ["releases"], ["show", "local-1"]):
        journey.by("operate", *arguments)
    journey.write(strategy=_TIMINGS)


def _break_glass(journey: Journey) -> None:
    """The commands of docs/operations.md, by an operator; afterwards the recorded weights again."""
    look, give, find = aws_commands.commands_of(ROOT / "docs" / "operations.md")
    outputs = journey.shell.run("pulumi", "stack", "output", "--json", "-s", "local")
    share = next(each for each in journey.by("operate", "status").last["traffic"] if each["weight"])
    values = {"LISTENER_ARN": json.loads(outputs.out)["listener_arn"], "DIGEST8": share["release"][-8:]}
    variables = {**journey.shell.variables, "AWS_ACCESS_KEY_ID": "operate"}
    aws_commands.run(look, values, variables)
    (group,) = aws_commands.run(find, values, variables)
    aws_commands.run(give, values | {"TARGET_GROUP_ARN": group}, variables)


def _sweep(journey: Journey) -> None:
    """What the driver deletes after a creation that was killed, of the release that is running. The last act."""
    journey.shell.edit(r"access_key: \S+", "access_key: deploy")
    config = load_environment(journey.shell.project, "local")
    session = Session(config.provider)
    ledger = DynamoLedger(session, config.records, config.application, config.environment, SystemClock())
    # Nothing may use the target group: the listener answers everything itself.
    balancing = client(journey, "elbv2")
    (balancer,) = balancing.describe_load_balancers(Names=["shop-local"])["LoadBalancers"]
    (listener,) = balancing.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
    balancing.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[answer])
    release, deadline = next(each for each in ledger.standing()), time.monotonic() + _SWEPT_WITHIN
    while True:
        try:
            return sweep(session, release, frozenset())
        except TransientFailure:
            # Its tasks are still stopping.
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def client(journey: Journey, service: str) -> Any:
    """A boto3 client of the owner of the account."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # the service is a variable here
        endpoint_url=journey.shell.variables["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=SET_UP,
        aws_secret_access_key="test",
    )
