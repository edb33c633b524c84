"""Creates the network that a deployment expects to exist: a VPC with public and private subnets."""

import ipaddress
from typing import Any

from cutover.localcloud.backends import ACCOUNT

NAME = "cutover-local"
_RANGE = "10.42.0.0/16"


def create(region: str) -> None:
    """Create a VPC tagged Name=cutover-local with four subnets: Tier=public and Tier=private in each of two zones."""
    from moto.ec2.models import ec2_backends

    ec2: Any = ec2_backends[ACCOUNT][region]
    vpc = ec2.create_vpc(_RANGE, tags=[{"Key": "Name", "Value": NAME}])
    blocks = ipaddress.ip_network(_RANGE).subnets(new_prefix=20)
    for tier in ("public", "private"):
        for zone in ("a", "b"):
            tags = {"subnet": {"Tier": tier, "Name": f"{NAME}-{tier}-{zone}"}}
            ec2.create_subnet(vpc.id, str(next(blocks)), availability_zone=f"{region}{zone}", tags=tags)
    gateway = ec2.create_internet_gateway()
    ec2.attach_internet_gateway(gateway.id, vpc.id)
