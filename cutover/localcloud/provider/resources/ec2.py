"""The resource types of security groups and their rules."""

import time
from typing import Any

from cutover.localcloud.provider.resource_type import (
    Client,
    Name,
    Shape,
    changed,
    error_code,
    removed_tags,
    tag_list,
    tag_map,
)
from cutover.localcloud.provider.values import Properties

_DELETE_WITHIN = 60.0  # seconds; network interfaces of stopping tasks use the group
_RETRY = 0.25  # seconds


class SecurityGroup:
    """A security group without rules: as AWS's plugin does, it removes the egress rule that AWS adds."""

    shape = Shape(
        "aws:ec2/securityGroup:SecurityGroup",
        replaces=frozenset({"name", "description", "vpcId"}),
        computed=("arn", "ownerId"),
        name=Name("name", 255),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        ec2 = aws("ec2")
        description = inputs.get("description", "Managed by Pulumi")
        group = ec2.create_security_group(
            GroupName=inputs["name"],
            Description=description,
            **({"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}),
            **_tags(inputs, "security-group"),
        )
        identifier = str(group["GroupId"])
        anywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        ec2.revoke_security_group_egress(GroupId=identifier, IpPermissions=anywhere)
        return identifier

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        del inputs
        try:
            group = aws("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0]
        except Exception as error:
            if error_code(error) == "InvalidGroup.NotFound":
                return None
            raise
        owner, region = group["OwnerId"], aws("ec2").meta.region_name
        return {
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group.get("VpcId"),
            "tags": tag_map(group.get("Tags")),
            "arn": f"arn:aws:ec2:{region}:{owner}:security-group/{identifier}",
            "ownerId": owner,
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """Delete the group; wait while it is in use, as AWS's plugin does."""
        del state
        deadline = time.monotonic() + _DELETE_WITHIN
        while True:
            try:
                aws("ec2").delete_security_group(GroupId=identifier)
                return
            except Exception as error:
                if error_code(error) == "InvalidGroup.NotFound":
                    return
                if error_code(error) != "DependencyViolation" or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY)


class SecurityGroupRule:
    """One ingress or egress rule."""

    def __init__(self, *, egress: bool) -> None:
        word = "Egress" if egress else "Ingress"
        self._egress = egress
        self.shape = Shape(
            f"aws:vpc/securityGroup{word}Rule:SecurityGroup{word}Rule",
            replaces=frozenset(
                {
                    "securityGroupId",
                    "cidrIpv4",
                    "cidrIpv6",
                    "referencedSecurityGroupId",
                    "ipProtocol",
                    "fromPort",
                    "toPort",
                }
            ),
            computed=("arn", "securityGroupRuleId"),
            tagged=True,
        )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        ec2 = aws("ec2")
        call = ec2.authorize_security_group_egress if self._egress else ec2.authorize_security_group_ingress
        response = call(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            **_tags(inputs, "security-group-rule"),
        )
        return str(response["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        try:
            rules = aws("ec2").describe_security_group_rules(SecurityGroupRuleIds=[identifier])["SecurityGroupRules"]
        except Exception as error:
            if error_code(error).startswith("InvalidSecurityGroupRuleId"):
                return None
            raise
        if not rules:
            return None
        region = aws("ec2").meta.region_name
        state: Properties = {
            "securityGroupId": rules[0]["GroupId"],
            "ipProtocol": rules[0]["IpProtocol"],
            "securityGroupRuleId": identifier,
            "arn": f"arn:aws:ec2:{region}:{rules[0].get('GroupOwnerId', '')}:security-group-rule/{identifier}",
        }
        for name, value in (
            ("cidrIpv4", rules[0].get("CidrIpv4")),
            ("description", rules[0].get("Description")),
            ("referencedSecurityGroupId", rules[0].get("ReferencedGroupInfo", {}).get("GroupId")),
        ):
            if value:
                state[name] = value
        if inputs.get("ipProtocol") != "-1":
            state["fromPort"], state["toPort"] = rules[0].get("FromPort"), rules[0].get("ToPort")
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "description"):
            aws("ec2").modify_security_group_rules(
                GroupId=new["securityGroupId"],
                SecurityGroupRules=[
                    {"SecurityGroupRuleId": identifier, "SecurityGroupRule": _rule(new)},
                ],
            )
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        ec2 = aws("ec2")
        call = ec2.revoke_security_group_egress if self._egress else ec2.revoke_security_group_ingress
        try:
            call(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identifier])
        except Exception as error:
            if not error_code(error).startswith(
                ("InvalidGroup.NotFound", "InvalidSecurityGroupRuleId", "InvalidPermission")
            ):
                raise


def retag(aws: Client, identifier: str, old: Properties, new: Properties) -> None:
    """Update the tags of an EC2 resource."""
    if removed := removed_tags(old, new):
        aws("ec2").delete_tags(Resources=[identifier], Tags=[{"Key": key} for key in removed])
    if changed(old, new, "tags") and new.get("tags"):
        aws("ec2").create_tags(Resources=[identifier], Tags=tag_list(new["tags"]))


def _tags(inputs: Properties, kind: str) -> dict[str, Any]:
    tags = tag_list(inputs.get("tags"))
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def _rule(inputs: Properties) -> dict[str, Any]:
    """Return the whole rule: ModifySecurityGroupRules replaces every field of it."""
    every = inputs["ipProtocol"] == "-1"
    rule: dict[str, Any] = {
        "IpProtocol": inputs["ipProtocol"],
        "FromPort": -1 if every else inputs["fromPort"],
        "ToPort": -1 if every else inputs["toPort"],
        "Description": inputs.get("description", ""),
    }
    names = {"cidrIpv4": "CidrIpv4", "cidrIpv6": "CidrIpv6", "referencedSecurityGroupId": "ReferencedGroupId"}
    return rule | {names[name]: inputs[name] for name in names if inputs.get(name)}


def _permission(inputs: Properties) -> dict[str, Any]:
    described = {"Description": inputs["description"]} if inputs.get("description") else {}
    permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"]}
    if inputs.get("fromPort") is not None and inputs["ipProtocol"] != "-1":
        permission |= {"FromPort": inputs["fromPort"], "ToPort": inputs["toPort"]}
    if inputs.get("cidrIpv4"):
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **described}]
    if inputs.get("cidrIpv6"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **described}]
    if inputs.get("referencedSecurityGroupId"):
        permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **described}]
    return permission
