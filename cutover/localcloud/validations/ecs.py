"""Validations of Amazon ECS.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html, API_DeleteCluster.html
there, and https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from typing import Any

from cutover.localcloud.backends import ACCOUNT, REGION, AwsError, Call

_GIB = 1024
_FARGATE: dict[int, tuple[int, int, int]] = {
    512: (1 * _GIB, 4 * _GIB, _GIB),
    1024: (2 * _GIB, 8 * _GIB, _GIB),
    2048: (4 * _GIB, 16 * _GIB, _GIB),
    4096: (8 * _GIB, 30 * _GIB, _GIB),
    8192: (16 * _GIB, 60 * _GIB, 4 * _GIB),
    16384: (32 * _GIB, 120 * _GIB, 8 * _GIB),
}
"""CPU units → least MiB, most MiB, step; 256 units have a list of their own, below."""
_FARGATE_256 = (512, 1 * _GIB, 2 * _GIB)


def validate_target_groups(call: Call) -> AwsError | None:
    """A load balancer must use a service's target group before the service is created."""
    for balancer in call.fields.get("loadBalancers", []):
        arn = str(balancer.get("targetGroupArn", ""))
        if arn and not _load_balancer_uses(arn):
            message = f"The target group with targetGroupArn {arn} does not have an associated load balancer."
            return AwsError("InvalidParameterException", message)
    return None


def validate_cluster_empty(call: Call) -> AwsError | None:
    """A cluster with active services, or with tasks that have not stopped, cannot be deleted."""
    ecs = _ecs()
    name = str(call.fields.get("cluster", "default")).rpartition("/")[2]
    if any(s.cluster_name == name and s.status == "ACTIVE" for s in ecs.services.values()):
        return AwsError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if any(task.last_status != "STOPPED" for task in ecs.tasks.get(name, {}).values()):
        return AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    return None


def validate_fargate_size(call: Call) -> AwsError | None:
    """Fargate supports certain pairs of CPU units and memory (MiB) only."""
    if "FARGATE" not in call.fields.get("requiresCompatibilities", []):
        return None
    cpu, memory = str(call.fields.get("cpu", "")), str(call.fields.get("memory", ""))
    if cpu.isdigit() and memory.isdigit() and _exists(int(cpu), int(memory)):
        return None
    return AwsError("ClientException", "No Fargate configuration exists for given values.")


def _exists(cpu: int, memory: int) -> bool:
    if cpu == 256:
        return memory in _FARGATE_256
    if cpu not in _FARGATE:
        return False
    least, most, step = _FARGATE[cpu]
    return least <= memory <= most and (memory - least) % step == 0


def _load_balancer_uses(arn: str) -> bool:
    from moto.elbv2.models import elbv2_backends

    elbv2 = elbv2_backends[ACCOUNT][arn.split(":")[3]]
    group = elbv2.target_groups.get(arn)
    return group is not None and bool(group.load_balancer_arns)


def _ecs() -> Any:
    from moto.ecs.models import ecs_backends

    return ecs_backends[ACCOUNT][REGION]
