"""Gives each task a network interface with a private address of one of its service's subnets."""

import ipaddress
import uuid
from collections.abc import Mapping
from itertools import count
from typing import Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends

from cutover.localcloud.storm import Zones

RESERVED_AT_START = 4  # AWS reserves the first four addresses and the last one of a subnet (VPC user guide)


class NoInterface(Exception):
    """A task cannot get a network interface; the message says why."""


class Interfaces:
    """Network interfaces of tasks in moto's EC2."""

    def __init__(self, account: str, region: str, zones: Zones) -> None:
        self._zones = zones
        self._ec2 = ec2_backends[account][region]
        self._turn = count()

    def attach(self, network: Mapping[str, Any]) -> dict[str, Any]:
        """Create an interface for an awsvpcConfiguration, and return the task's attachment.

        Raises `NoInterface` if the subnet is deleted or full.
        """
        try:
            subnets = [self._ec2.get_subnet(name) for name in network["subnets"]]
        except InvalidSubnetIdError as error:
            raise NoInterface(f"InvalidSubnetID.NotFound: {error.message}") from error
        # ECS places no task in a zone that fails, if the service has another one.
        able = [subnet for subnet in subnets if subnet.availability_zone != self._zones.failing] or subnets
        subnet = able[next(self._turn) % len(able)]
        address = self._free_address(subnet.cidr_block)
        interface = self._ec2.create_network_interface(
            subnet=subnet,
            private_ip_address=address,
            group_ids=network.get("securityGroups") or [],
            description="local ECS task",
        )
        interface.status = "in-use"
        details = {
            "subnetId": subnet.id,
            "networkInterfaceId": interface.id,
            "macAddress": interface.mac_address,
            "privateDnsName": getattr(interface, "private_dns_name", ""),  # set if the VPC has DNS host names
            "privateIPv4Address": address,
        }
        return {
            "id": str(uuid.uuid4()),
            "type": "ElasticNetworkInterface",
            "status": "ATTACHED",
            "details": [{"name": name, "value": value} for name, value in details.items() if value],
        }

    def detach(self, attachment: dict[str, Any]) -> None:
        """Delete the interface of `attachment`, if it exists."""
        self._ec2.enis.pop(detail(attachment, "networkInterfaceId"), None)
        attachment["status"] = "DELETED"

    def zone_of(self, attachment: Mapping[str, Any]) -> str:
        """Return the availability zone of an attachment."""
        return str(self._ec2.get_subnet(detail(attachment, "subnetId")).availability_zone)

    def _free_address(self, block: str) -> str:
        taken = {interface.private_ip_address for interface in list(self._ec2.enis.values())}
        network = ipaddress.ip_network(block)
        for offset in range(RESERVED_AT_START, network.num_addresses - 1):
            if (address := str(network[offset])) not in taken:
                return address
        raise NoInterface(f"InsufficientFreeAddressesInSubnet: the subnet {block} has no free address")


def detail(attachment: Mapping[str, Any], name: str) -> str:
    """Return one detail of a task's attachment, or the empty string."""
    return next((str(item["value"]) for item in attachment["details"] if item["name"] == name), "")
