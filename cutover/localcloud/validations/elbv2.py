"""Validations of Elastic Load Balancing.

Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

from cutover.localcloud.backends import ACCOUNT, REGION, AwsError, Call, members

_MOST_WEIGHT = 999
_MOST_GROUPS = 5
_MOST_RULES = 100


def validate_forward(call: Call) -> AwsError | None:
    """A forward action has at most five target groups, which exist, with weights from 0 to 999."""
    prefix = "DefaultActions" if "Listener" in call.action else "Actions"
    for action in members(call.fields, prefix):
        groups = members(action, "ForwardConfig.TargetGroups")
        arns = [group["TargetGroupArn"] for group in groups if "TargetGroupArn" in group]
        arns += [action["TargetGroupArn"]] if "TargetGroupArn" in action else []
        weights = [int(group["Weight"]) for group in groups if "Weight" in group]
        if len(groups) > _MOST_GROUPS:
            message = f"An action can have at most {_MOST_GROUPS} target groups"
            return AwsError("TooManyUniqueTargetGroupsPerLoadBalancer", message)
        if any(not 0 <= weight <= _MOST_WEIGHT for weight in weights):
            return AwsError("ValidationError", f"Target group weight must be between 0 and {_MOST_WEIGHT}")
        if missing := [arn for arn in arns if not _target_group_exists(arn)]:
            return AwsError("TargetGroupNotFound", f"Target groups '{', '.join(missing)}' not found")
    return None


def validate_certificate(call: Call) -> AwsError | None:
    """An HTTPS listener needs a certificate."""
    if call.fields.get("Protocol") != "HTTPS" or members(call.fields, "Certificates"):
        return None
    if call.action == "ModifyListener":
        return None
    return AwsError("ValidationError", "A certificate must be specified for HTTPS listeners")


def validate_number_of_rules(call: Call) -> AwsError | None:
    """A load balancer has at most 100 rules without the default ones."""
    from moto.elbv2.models import elbv2_backends

    listener = str(call.fields.get("ListenerArn", ""))
    for balancer in elbv2_backends[ACCOUNT][REGION].load_balancers.values():
        if listener in balancer.listeners:
            rules = [
                rule for each in balancer.listeners.values() for rule in each.rules.values() if not rule.is_default
            ]
            if len(rules) >= _MOST_RULES:
                return AwsError("TooManyRules", f"The load balancer already has {_MOST_RULES} rules")
    return None


def validate_unprotected(call: Call) -> AwsError | None:
    """A load balancer with deletion protection cannot be deleted."""
    from moto.elbv2.models import elbv2_backends

    arn = str(call.fields.get("LoadBalancerArn", ""))
    parts = arn.split(":")
    balancer = elbv2_backends[ACCOUNT][parts[3]].load_balancers.get(arn) if len(parts) > 5 else None
    if balancer is None or balancer.attrs.get("deletion_protection.enabled") != "true":
        return None
    return AwsError(
        "OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    )


def _target_group_exists(arn: str) -> bool:
    from moto.elbv2.models import elbv2_backends

    parts = arn.split(":")
    return len(parts) > 5 and arn in elbv2_backends[ACCOUNT][parts[3]].target_groups
