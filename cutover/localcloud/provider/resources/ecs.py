"""The resource types of ECS clusters, task definitions and services."""

import json
import time
from typing import Any

from cutover.localcloud.provider.resource_type import (
    Client,
    Name,
    PartiallyCreated,
    Shape,
    changed,
    error_code,
    removed_tags,
)
from cutover.localcloud.provider.values import Properties

_MISSING = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
_STEADY_WITHIN = 600.0  # seconds
_GONE_WITHIN = 120.0  # seconds
_POLL = 0.25  # seconds
_NETWORK = "networkConfiguration"


class Cluster:
    """A cluster with its settings."""

    shape = Shape(
        "aws:ecs/cluster:Cluster",
        replaces=frozenset({"name"}),
        computed=("arn",),
        name=Name("name", 255),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        response = aws("ecs").create_cluster(
            clusterName=inputs["name"], settings=inputs.get("settings", []), tags=_tags(inputs)
        )
        return str(response["cluster"]["clusterArn"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        clusters = aws("ecs").describe_clusters(clusters=[identifier], include=["SETTINGS", "TAGS"])["clusters"]
        active = [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]
        if not active:
            return None
        state: Properties = {"name": active[0]["clusterName"], "arn": active[0]["clusterArn"]}
        state["tags"] = _read_tags(active[0].get("tags"))
        if "settings" in inputs:
            state["settings"] = active[0].get("settings", [])
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "settings"):
            aws("ecs").update_cluster_settings(cluster=identifier, settings=new.get("settings", []))
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """Delete the cluster when its last tasks have stopped, as AWS's plugin does."""
        del state
        deadline = time.monotonic() + _GONE_WITHIN
        while True:
            try:
                aws("ecs").delete_cluster(cluster=identifier)
                return
            except Exception as error:
                if error_code(error) in _MISSING:
                    return
                waits = error_code(error) in ("ClusterContainsTasksException", "ClusterContainsServicesException")
                if not waits or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL)


class TaskDefinition:
    """One revision of a task definition; every change is a new revision."""

    _SAME = (
        "family", "cpu", "memory", "networkMode", "requiresCompatibilities", "executionRoleArn", "taskRoleArn",
        "runtimePlatform",
    )  # fmt: skip
    shape = Shape(
        "aws:ecs/taskDefinition:TaskDefinition",
        replaces=frozenset({*_SAME, "containerDefinitions", "volumes"}),
        computed=("arn", "arnWithoutRevision", "revision"),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        request = {name: inputs[name] for name in self._SAME if name in inputs}
        response = aws("ecs").register_task_definition(
            **request,
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
            volumes=inputs.get("volumes", []),
            tags=_tags(inputs),
        )
        return str(response["taskDefinition"]["taskDefinitionArn"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """Return the family and the tags only: a registered revision never changes."""
        del inputs
        try:
            response = aws("ecs").describe_task_definition(taskDefinition=identifier, include=["TAGS"])
        except Exception as error:
            if error_code(error) == "ClientException":
                return None
            raise
        definition = response["taskDefinition"]
        if definition["status"] != "ACTIVE":
            return None
        arn = definition["taskDefinitionArn"]
        return {
            "family": definition["family"],
            "tags": _read_tags(response.get("tags")),
            "arn": arn,
            "arnWithoutRevision": arn.rpartition(":")[0],
            "revision": definition["revision"],
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        aws("ecs").deregister_task_definition(taskDefinition=identifier)


class Service:
    """A service. A change of its tasks is an update; a change of its name or target group is a replacement."""

    _UPDATED = (
        "desiredCount", "taskDefinition", "platformVersion", "healthCheckGracePeriodSeconds", "enableExecuteCommand",
        "networkConfiguration", "propagateTags", "enableEcsManagedTags", "availabilityZoneRebalancing",
    )  # fmt: skip
    shape = Shape(
        "aws:ecs/service:Service",
        replaces=frozenset({"name", "cluster", "launchType", "schedulingStrategy", "loadBalancers"}),
        computed=("arn",),
        name=Name("name", 255),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        request = {_api(name): inputs[name] for name in self._UPDATED if name in inputs and name != _NETWORK}
        for name in ("launchType", "schedulingStrategy"):
            if name in inputs:
                request[name] = inputs[name]
        response = aws("ecs").create_service(
            serviceName=inputs["name"],
            cluster=inputs["cluster"],
            loadBalancers=[_balancer(balancer) for balancer in inputs.get("loadBalancers", [])],
            deploymentConfiguration=_deployment(inputs),
            tags=_tags(inputs),
            **request,
            **_network(inputs),
        )
        arn = str(response["service"]["serviceArn"])
        if inputs.get("waitForSteadyState"):
            self._await_steady(aws, arn, inputs)
        return arn

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        service = _service(aws, identifier)
        if service is None or service["status"] != "ACTIVE":
            return None
        state: Properties = {
            "name": service["serviceName"],
            "cluster": service["clusterArn"],
            "taskDefinition": service["taskDefinition"],
            "desiredCount": service["desiredCount"],
            "tags": _read_tags(service.get("tags")),
            "arn": service["serviceArn"],
        }
        for name in ("launchType", "schedulingStrategy", "platformVersion", "healthCheckGracePeriodSeconds"):
            if service.get(name) is not None:
                state[name] = service[name]
        if "availabilityZoneRebalancing" in inputs:
            state["availabilityZoneRebalancing"] = service.get("availabilityZoneRebalancing")
        # ECS shows the platform version that LATEST resolves to; the input keeps its value.
        if inputs.get("platformVersion") == "LATEST":
            state["platformVersion"] = "LATEST"
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        differ = [name for name in self._UPDATED if changed(old, new, name)]
        request = {_api(name): new[name] for name in differ if name in new and name != _NETWORK}
        if _NETWORK in differ:
            request |= _network(new)
        if changed(old, new, "deploymentCircuitBreaker", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent"):
            request["deploymentConfiguration"] = _deployment(new)
        if request:
            aws("ecs").update_service(cluster=new["cluster"], service=identifier, **request)
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """Scale to zero, delete, and wait until the service is INACTIVE, as AWS's plugin does.

        Raises TimeoutError if it is not INACTIVE after 120 seconds.
        """
        ecs = aws("ecs")
        try:
            ecs.update_service(cluster=state["cluster"], service=identifier, desiredCount=0)
            ecs.delete_service(cluster=state["cluster"], service=identifier, force=True)
        except Exception as error:
            if error_code(error) not in _MISSING:
                raise
        deadline = time.monotonic() + _GONE_WITHIN
        while (service := _service(aws, identifier)) is not None and service["status"] != "INACTIVE":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{identifier} is still {service['status']} after {_GONE_WITHIN:g} s")
            time.sleep(_POLL)

    def _await_steady(self, aws: Client, arn: str, inputs: Properties) -> None:
        deadline = time.monotonic() + _STEADY_WITHIN
        while time.monotonic() < deadline:
            service = _service(aws, arn)
            deployments = service["deployments"] if service else []
            if service and len(deployments) == 1 and service["runningCount"] == service["desiredCount"]:
                return
            if any(deployment.get("rolloutState") == "FAILED" for deployment in deployments):
                raise PartiallyCreated(arn, f"the service {inputs['name']} did not become steady")
            time.sleep(_POLL)
        raise PartiallyCreated(arn, f"the service {inputs['name']} was not steady after {_STEADY_WITHIN:g} s")


def _api(name: str) -> str:
    """Return the name of a property in ECS's API; one property has different capitals in pulumi_aws."""
    return "enableECSManagedTags" if name == "enableEcsManagedTags" else name


def _service(aws: Client, arn: str) -> dict[str, Any] | None:
    """Describe a service by its ARN, which names its cluster: arn:…:service/CLUSTER/NAME."""
    cluster = arn.split("/")[1] if arn.count("/") == 2 else "default"
    try:
        services = aws("ecs").describe_services(cluster=cluster, services=[arn], include=["TAGS"])["services"]
    except Exception as error:
        if error_code(error) in _MISSING:
            return None
        raise
    return services[0] if services else None


def _balancer(balancer: Properties) -> dict[str, Any]:
    names = ("targetGroupArn", "containerName", "containerPort")
    return {name: balancer[name] for name in names if name in balancer}


def _network(inputs: Properties) -> dict[str, Any]:
    network = inputs.get("networkConfiguration")
    if not network:
        return {}
    vpc = {
        "subnets": network["subnets"],
        "securityGroups": network.get("securityGroups", []),
        "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
    }
    return {"networkConfiguration": {"awsvpcConfiguration": vpc}}


def _deployment(inputs: Properties) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "maximumPercent": inputs.get("deploymentMaximumPercent", 200),
        "minimumHealthyPercent": inputs.get("deploymentMinimumHealthyPercent", 100),
    }
    if breaker := inputs.get("deploymentCircuitBreaker"):
        configuration["deploymentCircuitBreaker"] = {"enable": breaker["enable"], "rollback": breaker["rollback"]}
    return configuration


def _tags(inputs: Properties) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted((inputs.get("tags") or {}).items())]


def _read_tags(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in tags or []}


def _retag(aws: Client, arn: str, old: Properties, new: Properties) -> None:
    if removed := removed_tags(old, new):
        aws("ecs").untag_resource(resourceArn=arn, tagKeys=removed)
    if changed(old, new, "tags") and new.get("tags"):
        aws("ecs").tag_resource(resourceArn=arn, tags=_tags(new))
