"""Validations of Amazon EC2.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
"""

from typing import Any

from cutover.localcloud.backends import ACCOUNT, REGION, AwsError, Call


def validate_group_unused(call: Call) -> AwsError | None:
    """A security group of a load balancer, or of a service that has tasks, cannot be deleted."""
    identifier = str(call.fields.get("GroupId", ""))
    if identifier and (_load_balancer_uses(identifier) or _running_service_uses(identifier)):
        return AwsError("DependencyViolation", f"resource {identifier} has a dependent object")
    return None


def _load_balancer_uses(identifier: str) -> bool:
    from moto.elbv2.models import elbv2_backends

    balancers = elbv2_backends[ACCOUNT][REGION].load_balancers.values()
    return any(identifier in (balancer.security_groups or []) for balancer in balancers)


def _running_service_uses(identifier: str) -> bool:
    from moto.ecs.models import ecs_backends

    services: Any = ecs_backends[ACCOUNT][REGION].services.values()
    for service in services:
        network = (getattr(service, "network_configuration", None) or {}).get("awsvpcConfiguration", {})
        if service.running_count and identifier in network.get("securityGroups", []):
            return True
    return False
