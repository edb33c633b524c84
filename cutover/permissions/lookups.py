"""Permissions to look things up. Most of these actions cannot be limited to a resource, only to a Region."""

from cutover.permissions.documents import Statement
from cutover.permissions.names import Names


def look_up_network(names: Names) -> tuple[Statement, ...]:
    """Find the VPC and its subnets."""
    actions = ("ec2:DescribeSubnets", "ec2:DescribeVpcs")
    return (Statement("LookUpNetwork", actions, ("*",), names.regional),)


def look_up_image(names: Names) -> tuple[Statement, ...]:
    """Resolve the tag of the image to its digest."""
    return (Statement("LookUpImage", ("ecr:DescribeImages",), (names.repository,)),)


def look_up_secrets(names: Names) -> tuple[Statement, ...]:
    """Find the versions and the keys of the file's secrets and parameters; never read a value."""
    statements = []
    if names.secrets:
        statements.append(Statement("LookUpSecrets", ("secretsmanager:DescribeSecret",), names.secrets))
    if names.parameters:
        statements.append(Statement("LookUpParameters", ("ssm:DescribeParameters",), ("*",), names.regional))
    if statements:
        statements.append(Statement("LookUpKeys", ("kms:DescribeKey",), (names.arn("kms", "key/*"),)))
    return tuple(statements)


def label_secrets(names: Names) -> tuple[Statement, ...]:
    """Label the versions that releases pin."""
    actions = ("secretsmanager:UpdateSecretVersionStage",)
    return (Statement("LabelSecrets", actions, names.secrets),) if names.secrets else ()


def look_up_services(names: Names) -> tuple[Statement, ...]:
    """Read the services of the releases, with their tasks."""
    clusters = {"ArnLike": {"ecs:cluster": names.arn("ecs", f"cluster/{names.release}")}}
    return (
        Statement(
            "LookUpServices",
            ("ecs:DescribeServices", "ecs:DescribeTasks"),
            (
                names.arn("ecs", f"service/{names.release}/{names.release}"),
                names.arn("ecs", f"task/{names.release}/*"),
            ),
        ),
        Statement("ListTasks", ("ecs:ListTasks",), ("*",), clusters),
    )


def look_up_listener(names: Names) -> tuple[Statement, ...]:
    """Read the listener's weights and the health of targets."""
    actions = ("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeTargetHealth")
    return (Statement("LookUpTraffic", actions, ("*",), names.regional),)


def find_target_groups(names: Names) -> tuple[Statement, ...]:
    """Find the target group of a release by its name."""
    return (Statement("FindTargetGroups", ("elasticloadbalancing:DescribeTargetGroups",), ("*",), names.regional),)


def look_up_alarms(names: Names) -> tuple[Statement, ...]:
    """Read the alarms of the file. Composite alarms are returned only with a permission for all alarms."""
    if not names.config.gates.alarms.names:
        return ()
    return (Statement("LookUpAlarms", ("cloudwatch:DescribeAlarms",), ("*",), names.regional),)


def read_logs(names: Names) -> tuple[Statement, ...]:
    """Read the logs of the releases."""
    groups = names.arn("logs", f"log-group:{names.release}")
    return (Statement("ReadLogs", ("logs:FilterLogEvents",), (groups,)), *find_log_groups(names))


def find_log_groups(names: Names) -> tuple[Statement, ...]:
    """Find the log groups of releases."""
    return (Statement("LookUpLogGroups", ("logs:DescribeLogGroups",), ("*",), names.regional),)
