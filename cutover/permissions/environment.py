"""Permissions to create and update the environment stack: the load balancer with its listener and security group."""

from cutover.permissions.documents import Statement
from cutover.permissions.names import Names
from cutover.permissions.security_groups import change_tags, security_groups

_LB = "elasticloadbalancing"
_DESCRIBE = (
    "DescribeCapacityReservation",
    "DescribeListenerAttributes",
    "DescribeListeners",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeTags",
)


def environment(names: Names) -> tuple[Statement, ...]:
    """Create and update the load balancer, its listener and its security group."""
    balancer = names.arn(_LB, f"loadbalancer/{names.load_balancer}")
    listener = names.arn(_LB, f"listener/{names.load_balancer}")
    return (
        Statement("LoadBalancer", (f"{_LB}:CreateLoadBalancer", f"{_LB}:ModifyLoadBalancerAttributes"), (balancer,)),
        Statement("CreateListener", (f"{_LB}:CreateListener",), (balancer,)),
        Statement("Listener", (f"{_LB}:DeleteListener", f"{_LB}:ModifyListener"), (listener,)),
        Statement("TagLoadBalancer", (f"{_LB}:AddTags", f"{_LB}:RemoveTags"), (balancer, listener)),
        Statement("LookUpLoadBalancer", tuple(f"{_LB}:{name}" for name in _DESCRIBE), ("*",), names.regional),
        Statement("LookUpGroups", _LOOK_UP_GROUPS, ("*",), names.regional),
        *security_groups(names),
        *change_tags(names),
        *_certificate(names),
        *_web_acl(names, balancer),
    )


_LOOK_UP_GROUPS = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcAttribute",
)


def _certificate(names: Names) -> tuple[Statement, ...]:
    arn = names.config.load_balancer.certificate_arn
    return (Statement("Certificate", ("acm:DescribeCertificate",), (arn,)),) if arn else ()


def _web_acl(names: Names, balancer: str) -> tuple[Statement, ...]:
    """The caller needs the permission on the web ACL and on the load balancer."""
    arn = names.config.load_balancer.web_acl_arn
    if not arn:
        return ()
    actions = ("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACL", "wafv2:GetWebACLForResource")
    return (
        Statement("WebAcl", actions, (arn, balancer)),
        Statement("SetWebAcl", (f"{_LB}:SetWebACL",), (balancer,)),
    )
