"""Permissions on security groups. Their ARNs have random ids: what the application owns is known by its tag."""

from cutover.permissions.documents import Condition, Statement
from cutover.permissions.names import Names

_RULES = (
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
)
_TAGGED_BY = ("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup")


def security_groups(names: Names) -> tuple[Statement, ...]:
    """Create security groups with their rules in the environment's VPC; change and delete those of the application."""
    groups, rules = names.arn("ec2", "security-group/*"), names.arn("ec2", "security-group-rule/*")
    with_tag = names.tagged(when="aws:RequestTag")
    return (
        Statement("CreateSecurityGroups", ("ec2:CreateSecurityGroup",), (groups,), {"StringEquals": with_tag}),
        Statement("UseVpc", ("ec2:CreateSecurityGroup",), (_vpc(names),), _of_vpc(names)),
        Statement(
            "TagSecurityGroups",
            ("ec2:CreateTags",),
            (groups, rules),
            {"StringEquals": {"ec2:CreateAction": _TAGGED_BY, **with_tag}},
        ),
        Statement("ChangeSecurityGroups", (*_RULES, "ec2:DeleteSecurityGroup"), (groups,), names.of_application),
        # A new rule with tags is in the request beside its group. Without permission for the group it allows nothing.
        Statement("AddRules", _RULES[:2], (rules,)),
    )


def change_tags(names: Names) -> tuple[Statement, ...]:
    """Change the tags of the application's security groups and rules."""
    resources = (names.arn("ec2", "security-group/*"), names.arn("ec2", "security-group-rule/*"))
    return (Statement("ChangeTagsOfGroups", ("ec2:CreateTags", "ec2:DeleteTags"), resources, names.of_application),)


def _vpc(names: Names) -> str:
    return names.arn("ec2", f"vpc/{names.config.network.vpc_id or '*'}")


def _of_vpc(names: Names) -> Condition:
    tags = names.config.network.vpc_tags
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}} if tags else {}
