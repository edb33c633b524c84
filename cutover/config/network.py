"""`cutover:network` and `cutover:load_balancer`: where users and tasks connect."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from cutover.config.fields import Arn, Duration, Section


class NetworkConfig(Section):
    """The existing network. Give ids or tags for the VPC and for each group of subnets."""

    vpc_id: Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")] | None = Field(
        default=None, description="Id of the VPC."
    )
    vpc_tags: dict[str, str] = Field(default_factory=dict, description="Tags that match exactly one VPC.")
    load_balancer_subnet_ids: tuple[str, ...] = Field(
        default=(), description="Subnets of the load balancer, in two or more Availability Zones."
    )
    load_balancer_subnet_tags: dict[str, str] = Field(
        default_factory=dict, description="Tags of the load balancer's subnets."
    )
    service_subnet_ids: tuple[str, ...] = Field(
        default=(), description="Private subnets of the tasks, in two or more Availability Zones."
    )
    service_subnet_tags: dict[str, str] = Field(default_factory=dict, description="Tags of the tasks' subnets.")

    @model_validator(mode="after")
    def _each_by_id_or_by_tags(self) -> Self:
        pairs = (
            ("vpc", self.vpc_id, self.vpc_tags),
            ("load_balancer_subnet", self.load_balancer_subnet_ids, self.load_balancer_subnet_tags),
            ("service_subnet", self.service_subnet_ids, self.service_subnet_tags),
        )
        wrong = [name for name, ids, tags in pairs if bool(ids) == bool(tags)]
        if wrong:
            raise ValueError(f"give either ids or tags, and not both, for: {', '.join(wrong)}")
        return self


class HttpWaiver(Section):
    """Allows traffic without TLS, with a recorded reason."""

    reason: Annotated[str, StringConstraints(min_length=10)] = Field(
        description="Why plain HTTP is acceptable here; at least 10 characters."
    )


class LoadBalancer(Section):
    """The Application Load Balancer of the environment. It needs `certificate_arn` or `plain_http`."""

    certificate_arn: Arn | None = Field(default=None, description="ACM certificate of the HTTPS listener on port 443.")
    plain_http: HttpWaiver | None = Field(default=None, description="Listen with HTTP on port 80 instead of HTTPS.")
    tls_policy: Literal["ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"] = Field(
        default="ELBSecurityPolicy-TLS13-1-2-Res-2021-06", description="Security policy of the HTTPS listener."
    )
    internal: bool = Field(
        default=False, strict=True, description="`true`: the load balancer has private IP addresses only."
    )
    ingress_cidrs: tuple[Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+\.\d+/\d+$")], ...] = Field(
        default=("0.0.0.0/0",), description="IPv4 CIDR blocks that may connect to the listener."
    )
    deletion_protection: bool = Field(
        default=True,
        strict=True,
        description="`true`: AWS refuses to delete the load balancer, Pulumi its listener.",
    )
    idle_timeout: Duration = Field(
        default=60.0, ge=1, le=4000, description="The load balancer closes a connection that is idle for this time."
    )
    stickiness: Duration | None = Field(
        default=None,
        ge=1,
        le=604_800,
        description="Time that a user stays with the release of the first response; `null` turns stickiness off.",
    )
    access_logs_bucket: str | None = Field(default=None, description="S3 bucket for access logs; `null` for none.")
    web_acl_arn: Arn | None = Field(default=None, description="AWS WAF web ACL to associate with the load balancer.")

    @model_validator(mode="after")
    def _encrypted_or_waived(self) -> Self:
        if (self.certificate_arn is None) == (self.plain_http is None):
            raise ValueError("give either certificate_arn (HTTPS) or plain_http.reason (HTTP), and not both")
        return self
