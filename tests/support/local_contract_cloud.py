"""The local cloud as contract tests need it: releases by direct AWS calls, without the Pulumi engine."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from cutover.adapters.alb import AlbTraffic
from cutover.adapters.ecs import EcsCompute
from cutover.adapters.metrics.registry import MetricSources
from cutover.adapters.probe import HttpProbe, load_balancer_url
from cutover.adapters.session import Session
from cutover.domain import ReleaseOutputs, ReleaseRef
from cutover.domain.test_traffic import HEADER
from cutover.localcloud.images import build
from support.contract_cloud import NAMESPACE, ContractRelease, all_to

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"
DEADLINE_SECONDS, POLL_SECONDS = 30.0, 0.05
_NAME = "contract"


class LocalContractCloud:
    """A load balancer with a listener that answers 503, and the adapters of the ports."""

    def __init__(self, session: Session, images_dir: Path) -> None:
        self._session, self._images_dir = session, images_dir
        self.traffic, self.compute, self.metrics = AlbTraffic(session), EcsCompute(session), MetricSources(session)
        self.unreachable_probe = HttpProbe("http://127.0.0.1:9")
        self._numbers = count(1)
        vpcs = session.ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["cutover-local"]}])["Vpcs"]
        self._vpc = vpcs[0]["VpcId"]
        subnets = session.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self._vpc]}])["Subnets"]
        self._subnets = [subnet["SubnetId"] for subnet in subnets][:2]
        self.load_balancer_arn, self.listener_arn = self._create_listener()
        session.ecr_in("eu-west-1").create_repository(repositoryName=_NAME)

    @cached_property
    def probe(self) -> HttpProbe:
        """The probe of the load balancer, once the local cloud serves it."""
        return HttpProbe(self._url())

    def create_release(self, behaviour: str = "good", desired_count: int = 1) -> ContractRelease:
        number = next(self._numbers)
        ref = ReleaseRef(release=f"prod-v{number}", version=f"v{number}", digest=f"{number:08x}" * 8)
        name = f"{_NAME}-{number}"
        group = self._create_target_group(name, ref, number)
        cluster = self._session.ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"]
        definition = self._register_task_definition(name, ref.version, behaviour)
        self._session.ecs.create_service(
            cluster=cluster,
            serviceName=name,
            taskDefinition=definition,
            desiredCount=desired_count,
            launchType="FARGATE",
            healthCheckGracePeriodSeconds=60,
            loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
            networkConfiguration={"awsvpcConfiguration": {"subnets": self._subnets, "securityGroups": []}},
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
        )
        outputs = ReleaseOutputs(
            cluster_arn=cluster,
            service_name=name,
            task_definition_arn=definition,
            target_group_arn=group,
            security_group_id="sg-none",
            log_group_name="none",
        )
        return ContractRelease(ref, outputs)

    def named_target_groups(self) -> set[str]:
        (listener,) = self._session.elbv2.describe_listeners(ListenerArns=[self.listener_arn])["Listeners"]
        groups = [action.get("ForwardConfig", {}).get("TargetGroups", []) for action in listener["DefaultActions"]]
        return {group["TargetGroupArn"] for named in groups for group in named}

    def write_weights_by_hand(self, weights: Mapping[str, int]) -> None:
        groups: Any = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
        action: Any = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        self._session.elbv2.modify_listener(ListenerArn=self.listener_arn, DefaultActions=[action])

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the condition never held"
            time.sleep(POLL_SECONDS)

    def send_requests(self, release: ContractRelease) -> None:
        self.traffic.set_weights(self.listener_arn, all_to((release, 100)))
        unknown = ReleaseRef(release="none", version="none", digest="f" * 64)
        self.wait_until(lambda: self.probe.get(unknown, "/", 5.0).body.count(f'"{release.ref.version}"') == 1)
        for _ in range(5):
            assert self.probe.get(unknown, "/", 5.0).status == 200

    def record(self, name: str, dimensions: Mapping[str, str], at: datetime, *values: float) -> None:
        datum: Any = {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Timestamp": at,
            "Values": list(values),
            "Counts": [1.0] * len(values),
        }
        self._session.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[datum])

    def now(self) -> datetime:
        return datetime.now(UTC)

    def _url(self) -> str:
        assert self._session.provider.endpoint is not None
        return load_balancer_url(self._session.provider.endpoint, _NAME)

    def _create_listener(self) -> tuple[str, str]:
        elbv2 = self._session.elbv2
        balancer = elbv2.create_load_balancer(Name=_NAME, Subnets=self._subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        action: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
        listener = elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action])
        return balancer, listener["Listeners"][0]["ListenerArn"]

    def _create_target_group(self, name: str, ref: ReleaseRef, priority: int) -> str:
        elbv2 = self._session.elbv2
        arn = elbv2.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=8080,
            VpcId=self._vpc,
            TargetType="ip",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        drain: Any = {"Key": "deregistration_delay.timeout_seconds", "Value": "5"}
        elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[drain])
        header: Any = {"HttpHeaderName": HEADER, "Values": [ref.digest8]}
        elbv2.create_rule(
            ListenerArn=self.listener_arn,
            Priority=priority,
            Conditions=[{"Field": "http-header", "HttpHeaderConfig": header}],
            Actions=[{"Type": "forward", "TargetGroupArn": arn}],
        )
        return arn

    def _register_task_definition(self, name: str, version: str, behaviour: str) -> str:
        variables = {"VERSION": version, "BEHAVIOUR": behaviour, "ERROR_EVERY": "1"}
        image = build(
            SHOP,
            _NAME,
            version,
            ecr=self._session.ecr_in("eu-west-1"),
            images_dir=self._images_dir,
            build_args=variables,
        )
        container: Any = {
            "name": "app",
            "image": image.uri,
            "portMappings": [{"containerPort": 8080}],
            "stopTimeout": 5,
        }
        return self._session.ecs.register_task_definition(
            family=name,
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[container],
        )["taskDefinition"]["taskDefinitionArn"]
