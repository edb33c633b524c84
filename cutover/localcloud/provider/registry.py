"""The types that this provider has, by their tokens; any other is refused by name."""

from cutover.localcloud.provider.kinds import Kind
from cutover.localcloud.provider.resources import (
    dynamodb,
    ec2,
    ecr,
    ecs,
    iam,
    listeners,
    load_balancers,
    logs,
    s3,
    ssm,
    target_groups,
)

_ALL: tuple[Kind, ...] = (
    ec2.SecurityGroup(),
    ec2.SecurityGroupRule(egress=False),
    ec2.SecurityGroupRule(egress=True),
    load_balancers.LoadBalancer(),
    target_groups.TargetGroup(),
    listeners.Listener(),
    listeners.ListenerRule(),
    ecs.Cluster(),
    ecs.TaskDefinition(),
    ecs.Service(),
    logs.LogGroup(),
    iam.Role(),
    iam.RolePolicy(),
    iam.RolePolicyAttachment(),
    dynamodb.Table(),
    s3.Bucket(),
    *s3.settings(),
    ecr.Repository(),
    ecr.LifecyclePolicy(),
    ssm.Parameter(),
)

KINDS: dict[str, Kind] = {kind.shape.token: kind for kind in _ALL}
