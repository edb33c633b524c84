"""moto's ECS with the local cloud's agent, and the calls that tests make."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from cutover.localcloud.addresses import AddressBook
from cutover.localcloud.agent import EcsAgent
from cutover.localcloud.images import build
from cutover.localcloud.metrics.store import MetricStore
from cutover.localcloud.storm import Zones
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import Sky

ACCOUNT, REGION = "123456789012", "eu-central-1"
SHOP = Path(__file__).parents[2] / "examples" / "shop"
DEADLINE = 20.0


@dataclass
class Cloud:
    """moto with an agent, a cluster, a repository, and a target group."""

    agent: EcsAgent
    task_faults: TaskFaults
    store: MetricStore
    addresses: AddressBook
    images_dir: Path
    workdir: Path
    subnet: str
    group: str
    sky: Sky
    zones: Zones

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")

    def task_definition(self, behaviour: str = "good", *, execution_role: str | None = None, **container: Any) -> str:
        image = build(
            SHOP,
            "shop",
            behaviour,
            ecr=self.client("ecr"),
            images_dir=self.images_dir,
            build_args={"VERSION": behaviour, "BEHAVIOUR": behaviour},
        )
        definition = {
            "name": "shop",
            "image": image.uri,
            "portMappings": [{"containerPort": 8080}],
            "stopTimeout": 5,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/shop", "awslogs-stream-prefix": "s", "awslogs-region": REGION},
            },
        } | container
        role = {"executionRoleArn": execution_role} if execution_role else {}
        answer = self.client("ecs").register_task_definition(
            **role,
            family="shop",
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[definition],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def create(self, definition: str, count: int = 1, *, target: bool = True, **more: Any) -> None:
        balancers = [{"targetGroupArn": self.group, "containerName": "shop", "containerPort": 8080}]
        network = {"awsvpcConfiguration": {"subnets": [self.subnet], "securityGroups": []}}
        settings = {"networkConfiguration": network} | more
        self.client("ecs").create_service(
            cluster="c",
            serviceName="s",
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            loadBalancers=balancers if target else [],
            **settings,
        )

    def service(self) -> dict[str, Any]:
        services = self.client("ecs").describe_services(cluster="c", services=["s"])["services"]
        return dict(services[0])

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        arns = self.client("ecs").list_tasks(cluster="c", serviceName="s", desiredStatus=status)["taskArns"]
        return list(self.client("ecs").describe_tasks(cluster="c", tasks=arns)["tasks"]) if arns else []

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE
        while not holds(service := self.service()):
            assert time.monotonic() < deadline, service
            time.sleep(0.05)
        return service

    def completed(self) -> dict[str, Any]:
        return self.until(lambda service: service["deployments"][0]["rolloutState"] == "COMPLETED")

    def processes(self) -> list[int]:
        """The processes whose command is in an image of this cloud."""
        pids = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if os.fsencode(self.images_dir) in command:
                    pids.append(int(entry.name))
        return pids

    def url(self, task: dict[str, Any]) -> str:
        address = self.addresses.resolve(task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"], 8080)
        assert address is not None
        return f"http://{address[0]}:{address[1]}"
