"""Facts of ECS, IAM and the logs."""

import re
from collections import Counter
from typing import Any

from cutover.domain import ReleaseOutputs
from tools.acceptance.world import NotObserved, World, expect

_OF_ECS = {"ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption", "TerminationNotice"}


def runs_what_is_desired(world: World) -> str:
    """`runningCount` counts RUNNING tasks only."""
    service = _service(world)
    running, desired, pending = (service[f"{name}Count"] for name in ("running", "desired", "pending"))
    return expect(running == desired, f"{running} running, {desired} desired, {pending} pending")


def deployment_is_completed(world: World) -> str:
    """One deployment, PRIMARY and COMPLETED."""
    states = [(each["status"], each.get("rolloutState", "")) for each in _service(world)["deployments"]]
    return expect(states == [("PRIMARY", "COMPLETED")], ", ".join(" ".join(state) for state in states))


def tasks_are_listed(world: World) -> str:
    """ListTasks has as many tasks as are running; it may lag."""
    outputs = _outputs(world)
    arns = world.session.ecs.list_tasks(cluster=outputs.cluster_arn, serviceName=outputs.service_name)["taskArns"]
    return expect(len(arns) == _service(world)["runningCount"], f"{len(arns)} tasks")


def rebalancing_is_set(world: World) -> str:
    """ECS returns the setting."""
    value = _service(world).get("availabilityZoneRebalancing")
    return expect(value in ("ENABLED", "DISABLED"), str(value))


def image_is_a_digest(world: World) -> str:
    """The task definition names an image by digest."""
    image = _container(world)["image"]
    return expect(re.search(r"@sha256:[0-9a-f]{64}$", image), f"...{image[-24:]}")


def container_is_confined(world: World) -> str:
    """A read-only root file system and a numeric user that is not 0."""
    container = _container(world)
    user, read_only = container.get("user", ""), container.get("readonlyRootFilesystem")
    return expect(read_only and user and not user.startswith("0"), f"read-only {read_only}, user {user}")


def no_public_address(world: World) -> str:
    """The network configuration of the service assigns none."""
    network = _service(world)["networkConfiguration"]["awsvpcConfiguration"]
    return expect(network.get("assignPublicIp", "DISABLED") == "DISABLED", f"{network.get('assignPublicIp')}")


def roles_have_a_path(world: World) -> str:
    """The roles of the task definition are below a path, by which a policy can name them."""
    definition = _definition(world)
    paths = {definition[role].partition(":role")[2].rpartition("/")[0] for role in ("taskRoleArn", "executionRoleArn")}
    return expect(all(len(path) > 1 for path in paths), ", ".join(sorted(paths)))


def logs_have_retention(world: World) -> str:
    """The log group of the release expires its events."""
    name = _outputs(world).log_group_name
    groups = world.session.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    days = [group.get("retentionInDays") for group in groups if group["logGroupName"] == name]
    return expect(days == [world.config.release.log_retention_days], f"{days} days")


def former_services_are_gone(world: World) -> str:
    """A deleted service is not found, or INACTIVE for a while."""
    found = []
    for cluster in _clusters(world):
        if cluster["clusterArn"] == _outputs(world).cluster_arn:
            continue
        arns = world.session.ecs.list_services(cluster=cluster["clusterArn"])["serviceArns"]
        found += [arn for arn in arns if arn]
    return expect(not found, f"{len(found)} other services are left")


def stop_codes_are_of_ecs(world: World) -> str:
    """Tasks that a scale-in stopped have a code of ECS. ECS forgets stopped tasks after about an hour."""
    codes: Counter[str] = Counter()
    for release in world.ledger.releases(20):
        cluster = f"{release.ref.resource_prefix(release.manifest.application)}-cluster"
        for arn in _cluster_arns(world, cluster):
            tasks = world.session.ecs.list_tasks(cluster=arn, desiredStatus="STOPPED")["taskArns"]
            if tasks:
                described = world.session.ecs.describe_tasks(cluster=arn, tasks=tasks)["tasks"]
                codes.update(str(task.get("stopCode")) for task in described)
    if not codes:
        raise NotObserved("ECS lists no stopped task")
    return expect(set(codes) <= _OF_ECS, ", ".join(f"{count} {code}" for code, count in codes.items()))


def nothing_is_left(world: World) -> str:
    """No active cluster and no role has this run's application in its name or path."""
    name = world.config.application
    clusters = [cluster["clusterName"] for cluster in _clusters(world)]
    pages = world.session.iam.get_paginator("list_roles").paginate()
    roles = [role["RoleName"] for page in pages for role in page["Roles"] if name in role["Path"] + role["RoleName"]]
    return expect(not clusters and not roles, f"{len(clusters)} clusters, {len(roles)} roles")


def _outputs(world: World) -> ReleaseOutputs:
    outputs = world.serving.outputs
    assert outputs is not None
    return outputs


def _service(world: World) -> Any:
    outputs = _outputs(world)
    answer = world.session.ecs.describe_services(cluster=outputs.cluster_arn, services=[outputs.service_name])
    return answer["services"][0]


def _definition(world: World) -> Any:
    arn = _outputs(world).task_definition_arn
    return world.session.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]


def _container(world: World) -> Any:
    return next(each for each in _definition(world)["containerDefinitions"] if each.get("portMappings"))


def _clusters(world: World) -> list[Any]:
    """The active clusters of this run's application."""
    arns = _cluster_arns(world, f"{world.config.application}-")
    if not arns:
        return []
    clusters = world.session.ecs.describe_clusters(clusters=arns)["clusters"]
    return [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]


def _cluster_arns(world: World, prefix: str) -> list[str]:
    pages = world.session.ecs.get_paginator("list_clusters").paginate()
    return [arn for page in pages for arn in page["clusterArns"] if arn.rpartition("/")[2].startswith(prefix)]
