"""Delete the resources of a release that exist in AWS but not in Pulumi's state.

A killed engine, a killed plugin and a lost answer leave such resources. Nothing else depends on one, because the
resources that use it are created only when its id is known. The name of every resource of a release begins with the
release's recorded digest, so no resource of another release matches.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain import Release
from cutover.domain.errors import TransientFailure
from cutover.domain.test_traffic import HEADER

_GONE = frozenset(
    {
        "ClusterNotFoundException",
        "InvalidGroup.NotFound",
        "InvalidPermission.NotFound",
        "InvalidSecurityGroupRuleId.NotFound",
        "NoSuchEntity",
        "ResourceNotFoundException",
        "RuleNotFound",
        "ServiceNotActiveException",
        "ServiceNotFoundException",
    }
)
_BUSY = frozenset(
    {
        "ClusterContainsServicesException",
        "ClusterContainsTasksException",
        "DeleteConflict",
        "DependencyViolation",
        "ResourceInUse",
        "UpdateInProgressException",
    }
)
_ROLES_PER_PAGE = 1000  # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html


def sweep(session: Session, release: Release, keep: frozenset[str]) -> None:
    """Delete all resources of the release, except those whose id or ARN is in `keep`.

    Target groups, clusters and roles are listed in pages, because AWS has no filter by name for them.

    Raises:
        TransientFailure: a resource is still in use; it can be deleted later.
    """
    prefix = release.ref.resource_prefix(release.manifest.application)
    clusters = [arn for arn in _pages(session.ecs, "list_clusters", "clusterArns") if _name(arn).startswith(prefix)]
    # First what uses other resources: the services, and the test-traffic rule of the digest. An orphaned rule would
    # also get the test traffic of the release.
    for cluster in clusters:
        for arn in _except(keep, _pages(session.ecs, "list_services", "serviceArns", cluster=cluster)):
            _delete(session.ecs.delete_service, cluster=cluster, service=arn, force=True)
    rules = _pages(session.elbv2, "describe_rules", "Rules", ListenerArn=release.manifest.network.listener_arn)
    for arn in _except(keep, (rule["RuleArn"] for rule in rules if _matches(rule, release.ref.digest8))):
        _delete(session.elbv2.delete_rule, RuleArn=arn)
    groups = _pages(session.elbv2, "describe_target_groups", "TargetGroups")
    for arn in _except(keep, (g["TargetGroupArn"] for g in groups if g["TargetGroupName"].startswith(prefix))):
        _delete(session.elbv2.delete_target_group, TargetGroupArn=arn)
    for cluster in _except(keep, clusters):
        _delete(session.ecs.delete_cluster, cluster=cluster)
    for arn in _except(keep, _pages(session.ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix=prefix)):
        _delete(session.ecs.deregister_task_definition, taskDefinition=arn)
    _sweep_logs(session, prefix, keep)
    roles = _pages(session.iam, "list_roles", "Roles", PaginationConfig={"PageSize": _ROLES_PER_PAGE})
    for name in [role["RoleName"] for role in roles if role["RoleName"].startswith(prefix)]:
        _sweep_role(session, name, keep)
    named = [{"Name": "group-name", "Values": [f"{prefix}*"]}]
    security_groups = _pages(session.ec2, "describe_security_groups", "SecurityGroups", Filters=named)
    for group_id in [group["GroupId"] for group in security_groups]:
        _sweep_security_group(session, group_id, keep)


def _except(keep: frozenset[str], ids: Iterable[str]) -> list[str]:
    return [each for each in ids if each not in keep]


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _matches(rule: Any, digest8: str) -> bool:
    headers = [condition.get("HttpHeaderConfig", {}) for condition in rule.get("Conditions", [])]
    return any(h.get("HttpHeaderName", "").lower() == HEADER.lower() and h.get("Values") == [digest8] for h in headers)


def _sweep_logs(session: Session, prefix: str, keep: frozenset[str]) -> None:
    """Delete the log groups without streams. The others have the logs of tasks, which are kept for their retention."""
    logs = _pages(session.logs, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    for name in _except(keep, (group["logGroupName"] for group in logs)):
        if not _pages(session.logs, "describe_log_streams", "logStreams", logGroupName=name):
            _delete(session.logs.delete_log_group, logGroupName=name)


def _sweep_role(session: Session, role: str, keep: frozenset[str]) -> None:
    """Delete the role, or of a role to keep only the policies to delete: AWS does not delete a role with a policy."""
    for policy in _pages(session.iam, "list_role_policies", "PolicyNames", RoleName=role):
        if f"{role}:{policy}" not in keep:
            _delete(session.iam.delete_role_policy, RoleName=role, PolicyName=policy)
    if role not in keep:
        _delete(session.iam.delete_role, RoleName=role)


def _sweep_security_group(session: Session, group: str, keep: frozenset[str]) -> None:
    """Delete the group, or of a group to keep only the rules to delete: AWS refuses the same rule a second time."""
    if group not in keep:
        _delete(session.ec2.delete_security_group, GroupId=group)
        return
    of_group = [{"Name": "group-id", "Values": [group]}]
    for rule in _pages(session.ec2, "describe_security_group_rules", "SecurityGroupRules", Filters=of_group):
        if rule["SecurityGroupRuleId"] not in keep:
            revoke = (
                session.ec2.revoke_security_group_egress
                if rule["IsEgress"]
                else session.ec2.revoke_security_group_ingress
            )
            _delete(revoke, GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])


def _pages(client: Any, operation: str, field: str, **arguments: Any) -> list[Any]:
    """All items of a paginated call; none if what they belong to has been deleted in the meantime."""
    from botocore.exceptions import ClientError

    with aws_errors(operation):
        try:
            return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[field]]
        except ClientError as error:
            if error_code(error) not in _GONE | {"ListenerNotFound"}:
                raise
            return []


def _delete(call: Callable[..., Any], **arguments: Any) -> None:
    from botocore.exceptions import ClientError

    name = getattr(call, "__name__", "delete")
    with aws_errors(name):
        try:
            call(**arguments)
        except ClientError as error:
            if error_code(error) in _BUSY:
                raise TransientFailure("AWS_BUSY", f"{name}: {error}") from error
            # Another process has deleted it in the meantime.
            if error_code(error) not in _GONE:
                raise
