"""Adds to moto's answers what AWS returns and moto leaves out.

Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
"""

from contextlib import ExitStack
from typing import Any

BALANCER_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
"""The attributes of a new application load balancer."""


def add_balancer_attributes(patches: ExitStack) -> None:
    """Give each new application load balancer every attribute with its default."""
    from moto.elbv2.models import FakeLoadBalancer

    create = FakeLoadBalancer.__init__

    def create_with_attributes(self: Any, *arguments: Any, **named: Any) -> None:
        create(self, *arguments, **named)
        if self.type == "application":
            self.attrs = dict(BALANCER_ATTRIBUTES)

    patches.callback(setattr, FakeLoadBalancer, "__init__", create)
    setattr(FakeLoadBalancer, "__init__", create_with_attributes)  # noqa: B010  mypy forbids an assignment


def keep_descriptions_of_group_rules(patches: ExitStack) -> None:
    """Return the description of a rule that names a security group; moto knows those of address ranges only."""
    from moto.ec2.models.security_groups import SecurityGroupRule

    original = vars(SecurityGroupRule)["description"]

    def description(self: Any) -> str | None:
        text = self.ip_range.get("Description") or (self.source_group or {}).get("Description")
        return None if text is None else str(text)

    patches.callback(setattr, SecurityGroupRule, "description", original)
    setattr(SecurityGroupRule, "description", property(description))  # noqa: B010  mypy forbids an assignment
