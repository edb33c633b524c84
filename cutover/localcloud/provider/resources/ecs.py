"""ECS clusters, task definitions and services."""

import json
import time
from typing import Any

from cutover.localcloud.provider.kinds import Client, HalfMade, Name, Shape, changed, error_code, gone_tags
from cutover.localcloud.provider.values import Properties

_GONE = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
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
        """See `Kind`."""
        made = aws("ecs").create_cluster(
            clusterName=inputs["name"], settings=inputs.get("settings", []), tags=_tags(inputs)
        )
        return str(made["cluster"]["clusterArn"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = aws("ecs").describe_clusters(clusters=[identifier], include=["SETTINGS", "TAGS"])["clusters"]
        active = [cluster for cluster in found if cluster["status"] == "ACTIVE"]
        if not active:
            return None
        seen: Properties = {"name": active[0]["clusterName"], "arn": active[0]["clusterArn"]}
        seen["tags"] = _read_tags(active[0].get("tags"))
        if "settings" in inputs:
            seen["settings"] = active[0].get("settings", [])
        return seen

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "settings"):
            aws("ecs").update_cluster_settings(cluster=identifier, settings=new.get("settings", []))
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """Waits for the last tasks to stop, as the real plugin does."""
        del state
        deadline = time.monotonic() + _GONE_WITHIN
        while True:
            try:
                aws("ecs").delete_cluster(cluster=identifier)
                return
            except Exception as error:
                if error_code(error) in _GONE:
                    return
                waits = error_code(error) in ("ClusterContainsTasksException", "ClusterContainsServicesException")
                if not waits or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL)


class TaskDefinition:
    """One revision of a task definition; every change is a new one."""

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
        """See `Kind`."""
        asked = {name: inputs[name] for name in self._SAME if name in inputs}
        made = aws("ecs").register_task_definition(
            **asked,
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
            volumes=inputs.get("volumes", []),
            tags=_tags(inputs),
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """What was registered never changes, so of the inputs only the family and the tags are read back."""
        del inputs
        try:
            answer = aws("ecs").describe_task_definition(taskDefinition=identifier, include=["TAGS"])
        except Exception as error:
            if error_code(error) == "ClientException":
                return None
            raise
        found = answer["taskDefinition"]
        if found["status"] != "ACTIVE":
            return None
        arn = found["taskDefinitionArn"]
        return {
            "family": found["family"],
            "tags": _read_tags(answer.get("tags")),
            "arn": arn,
            "arnWithoutRevision": arn.rpartition(":")[0],
            "revision": found["revision"],
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        aws("ecs").deregister_task_definition(taskDefinition=identifier)


class Service:
    """A service; a changed desired count or task definition is an update, everything that names it a replacement."""

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
        """See `Kind`."""
        asked = {_api(name): inputs[name] for name in self._UPDATED if name in inputs and name != _NETWORK}
        for name in ("launchType", "schedulingStrategy"):
            if name in inputs:
                asked[name] = inputs[name]
        made = aws("ecs").create_service(
            serviceName=inputs["name"],
            cluster=inputs["cluster"],
            loadBalancers=[_balancer(balancer) for balancer in inputs.get("loadBalancers", [])],
            deploymentConfiguration=_deployment(inputs),
            tags=_tags(inputs),
            **asked,
            **_network(inputs),
        )
        arn = str(made["service"]["serviceArn"])
        if inputs.get("waitForSteadyState"):
            self._wait(aws, arn, inputs)
        return arn

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = _service(aws, identifier)
        if found is None or found["status"] != "ACTIVE":
            return None
        seen: Properties = {
            "name": found["serviceName"],
            "cluster": found["clusterArn"],
            "taskDefinition": found["taskDefinition"],
            "desiredCount": found["desiredCount"],
            "tags": _read_tags(found.get("tags")),
            "arn": found["serviceArn"],
        }
        for name in ("launchType", "schedulingStrategy", "platformVersion", "healthCheckGracePeriodSeconds"):
            if found.get(name) is not None:
                seen[name] = found[name]
        # ECS tells the revision that LATEST came to be; what was asked for stands.
        if inputs.get("platformVersion") == "LATEST":
            seen["platformVersion"] = "LATEST"
        return seen

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        differ = [name for name in self._UPDATED if changed(old, new, name)]
        asked = {_api(name): new[name] for name in differ if name in new and name != _NETWORK}
        if _NETWORK in differ:
            asked |= _network(new)
        if changed(old, new, "deploymentCircuitBreaker", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent"):
            asked["deploymentConfiguration"] = _deployment(new)
        if asked:
            aws("ecs").update_service(cluster=new["cluster"], service=identifier, **asked)
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """Scales to zero, deletes, and waits until ECS calls it inactive, as the real plugin does."""
        ecs = aws("ecs")
        try:
            ecs.update_service(cluster=state["cluster"], service=identifier, desiredCount=0)
            ecs.delete_service(cluster=state["cluster"], service=identifier, force=True)
        except Exception as error:
            if error_code(error) not in _GONE:
                raise
        deadline = time.monotonic() + _GONE_WITHIN
        while (found := _service(aws, identifier)) is not None and found["status"] != "INACTIVE":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{identifier} is still {found['status']} after {_GONE_WITHIN:g} s")
            time.sleep(_POLL)

    def _wait(self, aws: Client, arn: str, inputs: Properties) -> None:
        deadline = time.monotonic() + _STEADY_WITHIN
        while time.monotonic() < deadline:
            found = _service(aws, arn)
            deployments = found["deployments"] if found else []
            if found and len(deployments) == 1 and found["runningCount"] == found["desiredCount"]:
                return
            if any(deployment.get("rolloutState") == "FAILED" for deployment in deployments):
                raise HalfMade(arn, f"the service {inputs['name']} failed to become steady")
            time.sleep(_POLL)
        raise HalfMade(arn, f"the service {inputs['name']} was not steady after {_STEADY_WITHIN:g} s")


def _api(name: str) -> str:
    """The API writes one name with capitals that pulumi_aws has not."""
    return "enableECSManagedTags" if name == "enableEcsManagedTags" else name


def _service(aws: Client, arn: str) -> dict[str, Any] | None:
    """A service's ARN names its cluster: arn:…:service/CLUSTER/NAME."""
    cluster = arn.split("/")[1] if arn.count("/") == 2 else "default"
    try:
        found = aws("ecs").describe_services(cluster=cluster, services=[arn], include=["TAGS"])["services"]
    except Exception as error:
        if error_code(error) in _GONE:
            return None
        raise
    return found[0] if found else None


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
    found: dict[str, Any] = {
        "maximumPercent": inputs.get("deploymentMaximumPercent", 200),
        "minimumHealthyPercent": inputs.get("deploymentMinimumHealthyPercent", 100),
    }
    if breaker := inputs.get("deploymentCircuitBreaker"):
        found["deploymentCircuitBreaker"] = {"enable": breaker["enable"], "rollback": breaker["rollback"]}
    return found


def _tags(inputs: Properties) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted((inputs.get("tags") or {}).items())]


def _read_tags(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in tags or []}


def _retag(aws: Client, arn: str, old: Properties, new: Properties) -> None:
    if gone := gone_tags(old, new):
        aws("ecs").untag_resource(resourceArn=arn, tagKeys=gone)
    if changed(old, new, "tags") and new.get("tags"):
        aws("ecs").tag_resource(resourceArn=arn, tags=_tags(new))
