"""Permissions to create and destroy the stacks of the application's releases, and to move traffic between them."""

from cutover.permissions import lookups
from cutover.permissions.documents import Statement
from cutover.permissions.names import Names
from cutover.permissions.security_groups import security_groups

_LB = "elasticloadbalancing"
_TASKS = "ecs-tasks.amazonaws.com"
_DESCRIBE_TRAFFIC = (
    "DescribeCapacityReservation",
    "DescribeListenerAttributes",
    "DescribeLoadBalancers",
    "DescribeRules",
    "DescribeTags",
    "DescribeTargetGroupAttributes",
)


def move_traffic(names: Names) -> tuple[Statement, ...]:
    """Write the weights of the environment's listener."""
    listener = names.arn(_LB, f"listener/{names.load_balancer}")
    return (Statement("MoveTraffic", (f"{_LB}:ModifyListener",), (listener,)),)


def releases(names: Names) -> tuple[Statement, ...]:
    """Create and destroy everything that a release consists of."""
    return (
        *_traffic(names),
        *_services(names),
        *_roles(names),
        *_logs(names),
        *security_groups(names),
        Statement(
            "LookUpGroups",
            ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
            ("*",),
            names.regional,
        ),
    )


def _traffic(names: Names) -> tuple[Statement, ...]:
    listener = names.arn(_LB, f"listener/{names.load_balancer}")
    rules = names.arn(_LB, f"listener-rule/{names.load_balancer}")
    groups = names.arn(_LB, f"targetgroup/{names.release}/*")
    changes = ("CreateTargetGroup", "DeleteTargetGroup", "ModifyTargetGroupAttributes")
    return (
        Statement("TargetGroups", tuple(f"{_LB}:{name}" for name in changes), (groups,)),
        Statement("CreateRules", (f"{_LB}:CreateRule",), (listener,)),
        Statement("DeleteRules", (f"{_LB}:DeleteRule",), (rules,)),
        Statement(
            "TagTraffic",
            (f"{_LB}:AddTags",),
            (groups, rules),
            {"StringEquals": {f"{_LB}:CreateAction": ("CreateRule", "CreateTargetGroup")}},
        ),
        # Pulumi updates the listener's tags together with its weights.
        Statement("TagListener", (f"{_LB}:AddTags", f"{_LB}:RemoveTags"), (listener,)),
        Statement("LookUpRules", tuple(f"{_LB}:{name}" for name in _DESCRIBE_TRAFFIC), ("*",), names.regional),
    )


def _services(names: Names) -> tuple[Statement, ...]:
    clusters = names.arn("ecs", f"cluster/{names.release}")
    services = names.arn("ecs", f"service/{names.release}/{names.release}")
    definitions = names.arn("ecs", f"task-definition/{names.release.removesuffix('-*')}:*")
    made_by = ("CreateCluster", "CreateService", "RegisterTaskDefinition")
    with_tag = names.tagged(when="aws:RequestTag")
    region = {"aws:RequestedRegion": names.config.provider.region}
    lists = ("DeregisterTaskDefinition", "DescribeTaskDefinition", "ListClusters", "ListTaskDefinitions")
    return (
        # ECS has no resources for these two; the tag in the request is what limits them.
        Statement(
            "CreateClusters",
            ("ecs:CreateCluster", "ecs:RegisterTaskDefinition"),
            ("*",),
            {"StringEquals": {**region, **with_tag}},
        ),
        Statement("Clusters", ("ecs:DeleteCluster", "ecs:DescribeClusters"), (clusters,)),
        Statement("Services", ("ecs:CreateService", "ecs:DeleteService", "ecs:UpdateService"), (services,)),
        Statement(
            "TagServices",
            ("ecs:TagResource",),
            (clusters, services, definitions),
            {"StringEquals": {"ecs:CreateAction": made_by}},
        ),
        # ECS has no resources for these either.
        Statement("TaskDefinitions", tuple(f"ecs:{name}" for name in lists), ("*",), names.regional),
        Statement("ListServices", ("ecs:ListServices",), ("*",), {"ArnLike": {"ecs:cluster": clusters}}),
        Statement(
            "ServiceLinkedRole",
            ("iam:CreateServiceLinkedRole",),
            (names.global_arn("iam", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),),
            {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}},
        ),
    )


def _roles(names: Names) -> tuple[Statement, ...]:
    """Make the releases' roles, with the file's permissions boundary if it has one; give them to ECS's tasks only."""
    roles, boundary = (names.release_roles,), names.config.release.permissions_boundary
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}} if boundary else {}
    return (
        Statement("MakeRoles", ("iam:CreateRole", "iam:PutRolePolicy"), roles, bounded),
        Statement(
            "Roles",
            (
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies",
                "iam:TagRole",
            ),
            roles,
        ),
        # IAM has no resources for this action.
        Statement("ListRoles", ("iam:ListRoles",), ("*",)),
        Statement("PassRoles", ("iam:PassRole",), roles, {"StringEquals": {"iam:PassedToService": _TASKS}}),
    )


def _logs(names: Names) -> tuple[Statement, ...]:
    changes = (
        "CreateLogGroup",
        "DeleteLogGroup",
        "DescribeLogStreams",
        "GetLogEvents",
        "ListTagsForResource",
        "PutRetentionPolicy",
        "TagResource",
    )
    groups = names.arn("logs", f"log-group:{names.release}")
    return (
        *lookups.find_log_groups(names),
        Statement("LogGroups", tuple(f"logs:{name}" for name in changes), (groups,)),
    )
