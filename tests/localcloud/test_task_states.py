"""The states of tasks after RUNNING, why they stop, rebalancing, and reads that lag."""

import time
from typing import Any

from cutover.localcloud.agent.lagging import LaggingReads
from cutover.localcloud.weather import AWS, CALM, Sky
from support.ecs_cloud import Cloud


def all_tasks(cloud: Cloud) -> list[dict[str, Any]]:
    return cloud.tasks() + cloud.tasks("STOPPED")


def test_a_task_is_deprovisioning_before_it_is_stopped_and_is_not_counted_as_running(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 1, target=False)
    cloud.completed()
    cloud.sky.change(AWS.name, 0)
    cloud.client("ecs").update_service(cluster="c", service="s", desiredCount=0)
    cloud.until(lambda _: [task["lastStatus"] for task in cloud.tasks("STOPPED")] == ["DEPROVISIONING"])
    assert cloud.service()["runningCount"] == 0
    assert cloud.processes() == []
    cloud.until(lambda _: [task["lastStatus"] for task in cloud.tasks("STOPPED")] == ["STOPPED"])


def test_an_interrupted_task_has_the_stop_code_of_aws_and_is_no_failure_of_the_service(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 1, target=False)
    cloud.completed()
    cloud.task_faults.add("spot-interruption", "s")
    cloud.until(lambda _: bool(cloud.tasks("STOPPED")))
    assert cloud.tasks("STOPPED")[0]["stopCode"] == "SpotInterruption"
    service = cloud.until(lambda service: service["runningCount"] == 1)
    assert service["deployments"][0]["failedTasks"] == 0


def test_rebalancing_starts_a_task_before_it_stops_one(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 2, target=False)
    cloud.completed()
    before = {task["taskArn"] for task in cloud.tasks()}
    cloud.task_faults.add("rebalancing", "s")
    counts: set[int] = set()

    def rebalanced(service: dict[str, Any]) -> bool:
        counts.add(len(all_tasks(cloud)) - len(cloud.tasks("STOPPED")))
        return len(cloud.tasks("STOPPED")) == 1 and service["runningCount"] == 2

    service = cloud.until(rebalanced)
    assert service["desiredCount"] == 2
    assert min(counts) >= 2
    assert len({task["taskArn"] for task in cloud.tasks()} & before) == 1


def test_lists_deployments_and_events_lag_and_counts_do_not(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 1, target=False)
    cloud.completed()
    cloud.sky.change(AWS.name, 0)
    time.sleep(0.3)  # so that no read still shows the creation
    (running,) = cloud.tasks()
    cloud.client("ecs").update_service(cluster="c", service="s", desiredCount=0)
    service = cloud.service()
    assert service["desiredCount"] == 0
    assert service["deployments"][0]["desiredCount"] == 1
    assert [task["taskArn"] for task in cloud.tasks()] == [running["taskArn"]]
    cloud.until(lambda each: each["deployments"][0]["desiredCount"] == 0)
    cloud.until(lambda _: cloud.tasks() == [])


class Service:
    def __init__(self) -> None:
        self.deployments: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []


def test_a_read_shows_the_state_of_some_seconds_ago() -> None:
    now = 0.0
    sky = Sky(AWS, time_scale=1.0)
    reads, service = LaggingReads(sky, clock=lambda: now), Service()
    for now in (0.0, 10.0):
        service.deployments = [{"id": now}]
        reads.note(service)
    now = 10.0 + AWS.read_lag / 2
    assert reads.service(service).deployments == [{"id": 0.0}]
    now = 10.0 + AWS.read_lag
    assert reads.service(service).deployments == [{"id": 10.0}]
    now = 10.0
    sky.change(CALM.name, 0)
    assert reads.service(service) is service
