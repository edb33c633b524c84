"""Delete the resources of a release that a killed driver left behind and that are not in Pulumi's state.

The name of every resource of a release begins with the release's digest, so no resource of another release matches.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain import Manifest
from cutover.domain.test_traffic import HEADER

_GONE = frozenset({"RuleNotFound", "ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException"})


def sweep_users(session: Session, manifest: Manifest) -> None:
    """Delete what uses other resources of the stack: the services in the release's clusters, and its test-traffic rule.

    An orphaned rule would also get the test traffic of the release when it is created again.
    """
    for cluster in _clusters(session, manifest):
        for service in _pages(session.ecs, "list_services", "serviceArns", cluster=cluster):
            _delete(session.ecs.delete_service, cluster=cluster, service=service, force=True)
    rules = _pages(session.elbv2, "describe_rules", "Rules", ListenerArn=manifest.network.listener_arn)
    for arn in [rule["RuleArn"] for rule in rules if _matches(rule, manifest.ref.digest8)]:
        _delete(session.elbv2.delete_rule, RuleArn=arn)


def sweep_rest(session: Session, manifest: Manifest) -> None:
    """Delete what is left after the stack is destroyed: target group, cluster, log group, roles, security group."""
    prefix = manifest.resource_prefix
    for group in _pages(session.elbv2, "describe_target_groups", "TargetGroups"):
        if group["TargetGroupName"].startswith(prefix):
            _delete(session.elbv2.delete_target_group, TargetGroupArn=group["TargetGroupArn"])
    for cluster in _clusters(session, manifest):
        _delete(session.ecs.delete_cluster, cluster=cluster)
    for group in _pages(session.logs, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
        _delete(session.logs.delete_log_group, logGroupName=group["logGroupName"])
    for role in _pages(session.iam, "list_roles", "Roles"):
        if role["RoleName"].startswith(prefix):
            _delete_role(session, role["RoleName"])
    named = [{"Name": "group-name", "Values": [f"{prefix}*"]}]
    for group in _pages(session.ec2, "describe_security_groups", "SecurityGroups", Filters=named):
        _delete(session.ec2.delete_security_group, GroupId=group["GroupId"])


def _clusters(session: Session, manifest: Manifest) -> list[str]:
    arns = _pages(session.ecs, "list_clusters", "clusterArns")
    return [arn for arn in arns if arn.rpartition("/")[2].startswith(manifest.resource_prefix)]


def _matches(rule: Any, digest8: str) -> bool:
    headers = [condition.get("HttpHeaderConfig", {}) for condition in rule.get("Conditions", [])]
    return any(h.get("HttpHeaderName", "").lower() == HEADER.lower() and h.get("Values") == [digest8] for h in headers)


def _delete_role(session: Session, role: str) -> None:
    for policy in _pages(session.iam, "list_role_policies", "PolicyNames", RoleName=role):
        _delete(session.iam.delete_role_policy, RoleName=role, PolicyName=policy)
    _delete(session.iam.delete_role, RoleName=role)


def _pages(client: Any, operation: str, field: str, **arguments: Any) -> Iterable[Any]:
    with aws_errors(operation):
        pages = client.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[field]]


def _delete(call: Callable[..., Any], **arguments: Any) -> None:
    from botocore.exceptions import ClientError

    with aws_errors(getattr(call, "__name__", "delete")):
        try:
            call(**arguments)
        except ClientError as error:
            # Another process has deleted it in the meantime.
            if error_code(error) not in _GONE:
                raise
