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
    prefix = release.resource_prefix(application)
    clusters = _active_clusters(clients, prefix)
    services = [arn for cluster in clusters for arn in clients.ecs.list_services(cluster=cluster)["serviceArns"]]
    definitions = clients.ecs.list_task_definitions(familyPrefix=prefix)["taskDefinitionArns"]
    groups = [g["TargetGroupName"] for g in clients.elbv2.describe_target_groups()["TargetGroups"]]
    listeners = [
        listener["ListenerArn"]
        for balancer in clients.elbv2.describe_load_balancers()["LoadBalancers"]
        for listener in clients.elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    ]
    rules = [
        rule["RuleArn"]
        for listener in listeners
        for rule in clients.elbv2.describe_rules(ListenerArn=listener)["Rules"]
        if release.digest8 in str(rule["Conditions"])
    ]
    logs = [g["logGroupName"] for g in clients.logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]]
    roles = [role["RoleName"] for role in clients.iam.list_roles()["Roles"]]
    security_groups = [group["GroupName"] for group in clients.ec2.describe_security_groups()["SecurityGroups"]]
    named = [name for name in (*groups, *roles, *security_groups) if name.startswith(prefix)]
    return sorted([*clusters, *services, *definitions, *rules, *logs, *named])


def _active_clusters(clients: Clients, prefix: str) -> list[str]:
    """ECS lists a deleted cluster for a while, as INACTIVE."""
    arns = [arn for arn in clients.ecs.list_clusters()["clusterArns"] if arn.rpartition("/")[2].startswith(prefix)]
    clusters = clients.ecs.describe_clusters(clusters=arns)["clusters"] if arns else []
    return [cluster["clusterArn"] for cluster in clusters if cluster["status"] == "ACTIVE"]
