"""The resource types of this provider, by their tokens; the provider rejects any other."""

from cutover.localcloud.provider.resource_type import ResourceType
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
    wafv2,
)

_ALL: tuple[ResourceType, ...] = (
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
    ecr.RepositoryPolicy(),
    ssm.Parameter(),
    wafv2.WebAclAssociation(),
)

RESOURCE_TYPES: dict[str, ResourceType] = {each.shape.token: each for each in _ALL}
