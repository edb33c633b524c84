"""What exists in a cloud under the names of a release, whoever created it."""

from typing import Any, Protocol

from cutover.domain import ReleaseRef


class Clients(Protocol):
    """boto3 clients; `cutover.adapters.session.Session` has them all."""

    @property
    def ecs(self) -> Any: ...
    @property
    def elbv2(self) -> Any: ...
    @property
    def logs(self) -> Any: ...
    @property
    def iam(self) -> Any: ...
    @property
    def ec2(self) -> Any: ...


def named_after(release: ReleaseRef, application: str, clients: Clients) -> list[str]:
    """Every AWS resource whose name begins with the release's digest, and every rule for its test traffic."""
    rules = [arn for arn, conditions in _rules(clients) if release.digest8 in conditions]
    return sorted([*all_named(release.resource_prefix(application), clients), *rules])


def all_named(prefix: str, clients: Clients) -> list[str]:
    """Every AWS resource of a kind that releases have whose name begins with `prefix`."""
    clusters = _active_clusters(clients, prefix)
    services = [arn for cluster in clusters for arn in clients.ecs.list_services(cluster=cluster)["serviceArns"]]
    definitions = _all(clients.ecs, "list_task_definitions", "taskDefinitionArns")
    definitions = [arn for arn in definitions if arn.rpartition("/")[2].startswith(prefix)]
    groups = [g["TargetGroupName"] for g in _all(clients.elbv2, "describe_target_groups", "TargetGroups")]
    # The log group of a release's stack outlives the stack on purpose.
    logs = [g["logGroupName"] for g in _all(clients.logs, "describe_log_groups", "logGroups")]
    logs = [name for name in logs if "-logs-" not in name]
    roles = [role["RoleName"] for role in _all(clients.iam, "list_roles", "Roles")]
    security_groups = [g["GroupName"] for g in _all(clients.ec2, "describe_security_groups", "SecurityGroups")]
    named = [name for name in (*groups, *logs, *roles, *security_groups) if name.startswith(prefix)]
    return sorted([*clusters, *services, *definitions, *named])


def _rules(clients: Clients) -> list[tuple[str, str]]:
    """The ARN and the conditions of every rule of every listener."""
    listeners = [
        listener["ListenerArn"]
        for balancer in clients.elbv2.describe_load_balancers()["LoadBalancers"]
        for listener in clients.elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    ]
    return [
        (rule["RuleArn"], str(rule["Conditions"]))
        for listener in listeners
        for rule in clients.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    ]


def _active_clusters(clients: Clients, prefix: str) -> list[str]:
    """ECS lists a deleted cluster for a while, as INACTIVE."""
    arns = [
        arn for arn in _all(clients.ecs, "list_clusters", "clusterArns") if arn.rpartition("/")[2].startswith(prefix)
    ]
    described = [clients.ecs.describe_clusters(clusters=[arn])["clusters"][0] for arn in arns]
    return [cluster["clusterArn"] for cluster in described if cluster["status"] == "ACTIVE"]


def _all(client: Any, operation: str, field: str) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate() for item in page[field]]
