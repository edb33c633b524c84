"""Operations of ECS that replace moto's: they keep every field of a request, and leave its effect to the agent.

An operation records the desired state alone; the agent's thread carries it out. The operations replace methods of
moto's response class, because the request still has all of its fields there.
"""

from datetime import UTC, datetime
from functools import partialmethod
from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import ECSException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.responses import EC2ContainerServiceResponse

from cutover.localcloud.agent.lagging import LaggingReads
from cutover.localcloud.agent.records import Task, new_deployment, records_lock

# Properties of a service whose change starts a new deployment (API reference of UpdateService).
ROLLS_OUT = {
    "capacityProviderStrategy": "capacity_provider_strategy",
    "loadBalancers": "load_balancers",
    "networkConfiguration": "network_configuration",
    "platformVersion": "platform_version",
    "serviceRegistries": "service_registries",
}
CHANGES_IN_PLACE = {
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "enableExecuteCommand": "enable_execute_command",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "placementConstraints": "placement_constraints",
    "placementStrategy": "placement_strategy",
    "propagateTags": "propagate_tags",
}
_original_describe = EC2ContainerServiceResponse.describe_services
_original_create = EC2ContainerServiceResponse.create_service
_original_stop = EC2ContainerServiceResponse.stop_task


def install(lagging: LaggingReads) -> None:
    """Put the operations of this module into moto's response class. It can be called again."""
    for operation in (create_service, update_service, delete_service, list_services, stop_task):
        setattr(EC2ContainerServiceResponse, operation.__name__, operation)
    for read in (describe_services, list_tasks):
        setattr(EC2ContainerServiceResponse, read.__name__, partialmethod(read, lagging=lagging))


def create_service(response: Any) -> Any:
    """CreateService: reject a name in use, and keep the whole request."""
    request = _request(response)
    with records_lock:
        _require_new_name(response, request)
        network = request.get("networkConfiguration")
        if network and "awsvpcConfiguration" in network:
            network["awsvpcConfiguration"].setdefault("securityGroups", [])
        _original_create(response)
        service = _service(response, request, request["serviceName"])
        _complete(service, request)
        return ActionResult({"service": service})


def update_service(response: Any) -> Any:
    """UpdateService: scale, or start a new deployment if a property of the tasks changes.

    Raises ECSException if the service is not ACTIVE.
    """
    request = _request(response)
    with records_lock:
        service = _service(response, request, request["service"])
        if service.status != "ACTIVE":
            raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")
        if (count := request.get("desiredCount")) is not None:
            service.desired_count = int(count)
        if "deploymentConfiguration" in request:
            service.deployment_configuration = _deployment_configuration(
                service.deployment_configuration | request["deploymentConfiguration"]
            )
        _assign(service, request, CHANGES_IN_PLACE)
        rolls_out = _assign(service, request, ROLLS_OUT) or bool(request.get("forceNewDeployment"))
        if name := request.get("taskDefinition"):
            arn = response.ecs_backend.describe_task_definition(name).arn
            rolls_out = rolls_out or arn != service.task_definition
            service.task_definition = arn
        if rolls_out:
            for deployment in service.deployments:
                deployment["status"] = "ACTIVE"
            service.deployments.insert(0, new_deployment(service))
        service.deployments[0]["desiredCount"] = service.desired_count
        return ActionResult({"service": service})


def delete_service(response: Any) -> Any:
    """DeleteService: the service is DRAINING until the agent has stopped the tasks, then INACTIVE.

    Raises InvalidParameterException if the desired count is above 0, unless `force` is set.
    """
    request = _request(response)
    with records_lock:
        service = _service(response, request, request["service"])
        if service.desired_count > 0 and not request.get("force"):
            raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
        if service.status == "ACTIVE":
            service.status = "DRAINING"
            service.desired_count = 0
        return ActionResult({"service": service})


def list_services(response: Any) -> Any:
    """ListServices: all but INACTIVE services."""
    request = _request(response)
    with records_lock:
        cluster = _cluster(response, request)
        arns = [
            service.arn
            for service in response.ecs_backend.services.values()
            if service.cluster_name == cluster.name
            and service.status != "INACTIVE"
            and request.get("launchType") in {None, service.launch_type}
            and request.get("schedulingStrategy") in {None, service.scheduling_strategy}
        ]
        return ActionResult({"serviceArns": sorted(arns)})


def describe_services(response: Any, *, lagging: LaggingReads) -> Any:
    """DescribeServices: with deployments and events that lag."""
    with records_lock:
        # moto types a result as `object`; that of DescribeServices is a dictionary.
        described: Any = _original_describe(response).result
        return ActionResult(described | {"services": [lagging.service(each) for each in described["services"]]})


def list_tasks(response: Any, *, lagging: LaggingReads) -> Any:
    """ListTasks: by service, family, deployment and desired status, with a lag; the default status is RUNNING."""
    request = _request(response)
    with records_lock:
        cluster = _cluster(response, request)
        tasks = list(response.ecs_backend.tasks.get(cluster.name, {}).values())
        return ActionResult(
            {"taskArns": [task.task_arn for task in tasks if _matches(task, request, lagging.desired_status(task))]}
        )


def stop_task(response: Any) -> Any:
    """StopTask: request the stop of the agent's task; moto stops its own."""
    request = _request(response)
    with records_lock:
        cluster = _cluster(response, request)
        for task in response.ecs_backend.tasks.get(cluster.name, {}).values():
            if isinstance(task, Task) and task.id == str(request["task"]).rsplit("/", 1)[-1]:
                task.request_stop("UserInitiated", request.get("reason") or "Task stopped by user")
                return ActionResult({"task": task})
    return _original_stop(response)


def _complete(service: Any, request: dict[str, Any]) -> None:
    """Add the fields that moto drops, with ECS's defaults, and the first deployment."""
    strategy = request.get("capacityProviderStrategy")
    fargate = request.get("launchType") == "FARGATE" or bool(strategy)
    service.created_at = datetime.now(UTC)
    service.capacity_provider_strategy = strategy
    service.launch_type = None if strategy else request.get("launchType", "EC2")
    service.platform_version = request.get("platformVersion", "LATEST") if fargate else None
    service.platform_family = "Linux" if fargate else None
    service.enable_execute_command = bool(request.get("enableExecuteCommand", False))
    service.enable_ecs_managed_tags = bool(request.get("enableECSManagedTags", False))
    grace = request.get("healthCheckGracePeriodSeconds", 0 if service.load_balancers else None)
    service.health_check_grace_period_seconds = None if grace is None else int(grace)
    service.availability_zone_rebalancing = request.get("availabilityZoneRebalancing", "ENABLED")
    service.placement_constraints = request.get("placementConstraints", [])
    service.placement_strategy = request.get("placementStrategy", [])
    service.deployment_configuration = _deployment_configuration(request.get("deploymentConfiguration", {}))
    service.last_completed_task_definition = None
    service.running_count = service.pending_count = 0
    service.deployments = [new_deployment(service)]


def _deployment_configuration(request: dict[str, Any]) -> dict[str, Any]:
    breaker = {"enable": False, "rollback": False} | (request.get("deploymentCircuitBreaker") or {})
    defaults = {"maximumPercent": 200, "minimumHealthyPercent": 100}
    return defaults | request | {"deploymentCircuitBreaker": breaker}


def _require_new_name(response: Any, request: dict[str, Any]) -> None:
    cluster = _cluster(response, request)
    service = response.ecs_backend.services.get(f"{cluster.name}:{request['serviceName']}")
    if service is not None and service.status == "ACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    if service is not None and service.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")


def _request(response: Any) -> dict[str, Any]:
    request: dict[str, Any] = response._get_params()  # noqa: SLF001  moto has no public method for the parsed request
    return request


def _cluster(response: Any, request: dict[str, Any]) -> Any:
    """The cluster of the request, by name or ARN. Raises moto's ClusterNotFoundException."""
    return response.ecs_backend._get_cluster(request.get("cluster", "default"))  # noqa: SLF001  moto has no public method for it


def _service(response: Any, request: dict[str, Any], name: str) -> Any:
    cluster = _cluster(response, request)
    service = response.ecs_backend.services.get(f"{cluster.name}:{name.rsplit('/', 1)[-1]}")
    if service is None or service.status == "INACTIVE":
        raise ServiceNotFoundException
    return service


def _assign(service: Any, request: dict[str, Any], names: dict[str, str]) -> bool:
    """Set the attributes that `request` names; return whether one of them changed."""
    changed = False
    for field, attribute in names.items():
        if field in request and request[field] != getattr(service, attribute):
            setattr(service, attribute, request[field])
            changed = True
    return changed


def _matches(task: Any, request: dict[str, Any], desired_status: str | None) -> bool:
    family = task.task_definition_arn.rsplit("/", 1)[-1].rsplit(":", 1)[0]
    name = str(request.get("serviceName") or "").rsplit("/", 1)[-1]
    return (
        desired_status == request.get("desiredStatus", "RUNNING")
        and request.get("family") in {None, family}
        and request.get("startedBy") in {None, task.started_by}
        and request.get("launchType") in {None, task.launch_type}
        and (not name or task.group == f"service:{name}")
    )
