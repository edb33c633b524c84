"""The provider functions that the programs call: look-ups of the account and its network."""

from collections.abc import Callable
from typing import Any

from cutover.localcloud.provider.clients import Clients
from cutover.localcloud.provider.values import Properties


class NotFound(Exception):
    """A look-up has no result, or more than one."""


def invoke(token: str, aws: Clients, arguments: Properties) -> Properties | None:
    """Return the result of a function, or None if this provider does not have it."""
    call = _FUNCTIONS.get(token)
    return None if call is None else call(aws, arguments)


def _region(aws: Clients, arguments: Properties) -> Properties:
    name = str(arguments.get("region") or aws.region)
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


def _caller(aws: Clients, arguments: Properties) -> Properties:
    del arguments
    identity = aws("sts").get_caller_identity()
    return {
        "id": identity["Account"],
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "userId": identity["UserId"],
    }


def _partition(aws: Clients, arguments: Properties) -> Properties:
    del aws, arguments
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _vpc(aws: Clients, arguments: Properties) -> Properties:
    request: dict[str, Any] = {"Filters": _filters(arguments)}
    if arguments.get("id"):
        request["VpcIds"] = [arguments["id"]]
    vpcs = aws("ec2").describe_vpcs(**request)["Vpcs"]
    if len(vpcs) != 1:
        raise NotFound(f"{len(vpcs)} VPCs match {arguments}; exactly one must match")
    vpc = vpcs[0]
    return {
        **arguments,
        "id": vpc["VpcId"],
        "cidrBlock": vpc["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": block["AssociationId"],
                "cidrBlock": block["CidrBlock"],
                "state": block["CidrBlockState"]["State"],
            }
            for block in vpc["CidrBlockAssociationSet"]
        ],
        "arn": f"arn:aws:ec2:{aws.region}:{vpc.get('OwnerId', '')}:vpc/{vpc['VpcId']}",
        "default": vpc.get("IsDefault", False),
        "tags": {tag["Key"]: tag["Value"] for tag in vpc.get("Tags", [])},
        "ownerId": vpc.get("OwnerId", ""),
        "state": vpc.get("State", ""),
        "region": aws.region,
    }


def _subnets(aws: Clients, arguments: Properties) -> Properties:
    subnets = aws("ec2").describe_subnets(Filters=_filters(arguments))["Subnets"]
    ids = sorted(subnet["SubnetId"] for subnet in subnets)
    return {**arguments, "id": aws.region, "ids": ids, "region": aws.region}


def _subnet(aws: Clients, arguments: Properties) -> Properties:
    request: dict[str, Any] = {"Filters": _filters(arguments)}
    if arguments.get("id"):
        request["SubnetIds"] = [arguments["id"]]
    subnets = aws("ec2").describe_subnets(**request)["Subnets"]
    if len(subnets) != 1:
        raise NotFound(f"{len(subnets)} subnets match {arguments}; exactly one must match")
    subnet = subnets[0]
    return {
        **arguments,
        "id": subnet["SubnetId"],
        "vpcId": subnet["VpcId"],
        "cidrBlock": subnet["CidrBlock"],
        "availabilityZone": subnet["AvailabilityZone"],
        "arn": subnet.get("SubnetArn", ""),
        "tags": {tag["Key"]: tag["Value"] for tag in subnet.get("Tags", [])},
        "region": aws.region,
    }


def _filters(arguments: Properties) -> list[dict[str, Any]]:
    filters = [{"Name": f["name"], "Values": f["values"]} for f in arguments.get("filters") or []]
    filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()]
    if arguments.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [arguments["vpcId"]]})
    return filters


_FUNCTIONS: dict[str, Callable[[Clients, Properties], Properties]] = {
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getPartition:getPartition": _partition,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getSubnet:getSubnet": _subnet,
}
