"""A storm: calls fail by chance, always the same by the same seed, and a zone that fails takes its tasks away."""

from collections import Counter
from dataclasses import replace
from typing import Any

from cutover.localcloud.backends import Call
from cutover.localcloud.faults import THROTTLE, UNAVAILABLE
from cutover.localcloud.storm import ZONE_SECONDS, Zones, fault_of_call
from cutover.localcloud.weather import AWS, STORM, Sky
from support.ecs_cloud import REGION, Cloud

CALL = Call("ecs", "ListTasks", {}, "/")


def kinds(sky: Sky, calls: int) -> list[str]:
    named = {THROTTLE: "throttled", UNAVAILABLE: "unavailable", None: "lost"}
    faults = [fault_of_call(sky, CALL) for _ in range(calls)]
    return ["fine" if fault is None else named[fault.error] for fault in faults]


def test_calls_fail_as_often_as_the_weather_says() -> None:
    counts = Counter(kinds(Sky(STORM, seed=1), 20_000))
    for kind, probability in (("throttled", STORM.throttled), ("unavailable", STORM.unavailable)):
        assert 0.8 * probability < counts[kind] / 20_000 < 1.2 * probability
    assert counts["lost"] > 0
    assert set(kinds(Sky(AWS, seed=1), 1_000)) == {"fine"}


def test_the_same_seed_gives_the_same_storm() -> None:
    assert kinds(Sky(STORM, seed=1), 500) == kinds(Sky(STORM, seed=1), 500) != kinds(Sky(STORM, seed=2), 500)


def test_one_zone_fails_at_a_time_and_for_a_while() -> None:
    now = 0.0
    zones = Zones(Sky(replace(STORM, zone_failures=1.0), time_scale=1.0), "eu-west-1", clock=lambda: now)
    zones.strike(1.0)
    first = zones.failing
    assert first in {"eu-west-1a", "eu-west-1b"}
    zones.strike(1.0)
    assert (zones.failing, len(zones.outages)) == (first, 1)
    now = ZONE_SECONDS
    assert zones.failing is None


def test_tasks_of_a_failing_zone_end_and_start_again_in_another(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    own = ec2.describe_subnets(SubnetIds=[cloud.subnet])["Subnets"][0]
    vpc = own["VpcId"]
    # moto chooses the zone of a subnet at random.
    zone = next(each for each in (f"{REGION}a", f"{REGION}b") if each != own["AvailabilityZone"])
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.2.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
    network = {"awsvpcConfiguration": {"subnets": [cloud.subnet, other], "securityGroups": []}}
    cloud.create(cloud.task_definition(), 2, target=False, networkConfiguration=network)
    cloud.completed()
    assert zone in zones_of(cloud.tasks())
    cloud.zones.fail(zone)
    cloud.until(lambda service: service["runningCount"] == 2 and zone not in zones_of(cloud.tasks()))
    (lost,) = cloud.tasks("STOPPED")
    assert (lost["availabilityZone"], lost["stopCode"]) == (zone, "InfrastructureHealth")


def zones_of(tasks: list[dict[str, Any]]) -> set[str]:
    # A task that is starting has no zone yet.
    return {task.get("availabilityZone", "") for task in tasks}
