"""The models behind `Pulumi.<environment>.yaml`; `docs/configuration.md` is generated from them.

Every key of the file is a field here, with its description, unit, default and limits; a key that is not is an error.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from cutover.config.fields import Arn, Count, Duration, HttpPath, Name, Section, Version, unless
from cutover.config.gates import GateName, Gates
from cutover.config.hooks import HookConfig
from cutover.config.limits import fargate_error, log_retention_error, name_error
from cutover.config.notifications import NotificationConfig
from cutover.config.strategy import StrategyConfig


class Provider(Section):
    """Where AWS is: the settings that both the Pulumi provider and the driver's own calls use."""

    region: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        description="AWS region.", examples=["eu-west-1"]
    )
    account_id: Annotated[str, StringConstraints(strict=True, pattern=r"^\d{12}$")] = Field(
        description="The only account that may be touched; any other caller is refused."
    )
    profile: str | None = Field(default=None, description="Named profile of the AWS configuration files.")
    endpoint: str | None = Field(default=None, description="One URL for every service; for the local cloud only.")
    access_key: str | None = Field(
        default=None,
        description="Access key for the local cloud; a real account uses its own credential chain.",
    )
    secret_key: str | None = Field(default=None, description="Secret key for the local cloud.")
    skip_credentials_validation: bool = Field(default=False, strict=True, description="For the local cloud only.")
    skip_metadata_api_check: bool = Field(default=False, strict=True, description="For the local cloud only.")
    skip_requesting_account_id: bool = Field(default=False, strict=True, description="For the local cloud only.")
    s3_use_path_style: bool = Field(default=False, strict=True, description="For the local cloud only.")
    http_proxy: str | None = Field(
        default=None,
        description="For AWS's own plugin on the local cloud: it calls S3 Control at a host named after the account.",
    )
    max_retries: Count | None = Field(default=None, ge=0, le=50, description="Retries of the Pulumi provider.")

    @model_validator(mode="after")
    def _keys_only_beside_an_endpoint(self) -> Self:
        if (self.access_key or self.secret_key) and not self.endpoint:
            raise ValueError("access_key and secret_key are only for an endpoint of the local cloud")
        return self


class Records(Section):
    """Where the platform stack keeps the records."""

    deployments_table: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]{3,255}$")] = Field(
        default="immutable-deployments",
        description="DynamoDB table of deployments, releases and the allocation.",
    )
    executions_table: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]{3,255}$")] = Field(
        default="deployment-executions", description="DynamoDB table of executions, journals and the lease."
    )
    artifact_bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="S3 bucket of manifests and reports; its name is unique in the world."
    )
    repositories: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[._/-][a-z0-9]+)*$")], ...] = Field(
        default=(), description="ECR repositories that the platform stack holds."
    )
    deletion_protection: bool = Field(default=True, strict=True, description="Refuse to delete tables and buckets.")
    lease: Duration = Field(
        default=60.0, ge=5, le=900, description="After so long without a sign of life a driver may be replaced."
    )


class NetworkConfig(Section):
    """The network that is there already: by identifiers, or found by tags."""

    vpc_id: Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")] | None = None
    vpc_tags: dict[str, str] = Field(default_factory=dict, description="Tags that find exactly one VPC.")
    load_balancer_subnet_ids: tuple[str, ...] = Field(default=(), description="Subnets in two zones or more.")
    load_balancer_subnet_tags: dict[str, str] = Field(default_factory=dict)
    service_subnet_ids: tuple[str, ...] = Field(default=(), description="Private subnets in two zones or more.")
    service_subnet_tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_by_id_or_by_tags(self) -> Self:
        pairs = (
            ("vpc", self.vpc_id, self.vpc_tags),
            ("load_balancer_subnet", self.load_balancer_subnet_ids, self.load_balancer_subnet_tags),
            ("service_subnet", self.service_subnet_ids, self.service_subnet_tags),
        )
        wrong = [name for name, ids, tags in pairs if bool(ids) == bool(tags)]
        if wrong:
            raise ValueError(f"give either the ids or the tags of: {', '.join(wrong)}")
        return self


class HttpWaiver(Section):
    """A recorded reason for carrying traffic without TLS."""

    reason: Annotated[str, StringConstraints(min_length=10)] = Field(description="Why plain HTTP is acceptable here.")


class LoadBalancer(Section):
    """The application load balancer of the environment."""

    certificate_arn: Arn | None = Field(default=None, description="ACM certificate of the HTTPS listener.")
    plain_http: HttpWaiver | None = Field(default=None, description="Waiver: HTTP on port 80 instead of HTTPS on 443.")
    tls_policy: Literal["ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"] = Field(
        default="ELBSecurityPolicy-TLS13-1-2-Res-2021-06", description="Security policy of the listener."
    )
    internal: bool = Field(default=False, strict=True, description="Reachable from the network only.")
    ingress_cidrs: tuple[Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+\.\d+/\d+$")], ...] = Field(
        default=("0.0.0.0/0",), description="Who may reach the listener."
    )
    deletion_protection: bool = Field(default=True, strict=True, description="Refuse to delete the load balancer.")
    idle_timeout: Duration = Field(default=60.0, ge=1, le=4000, description="Idle timeout of a connection.")
    stickiness: Duration | None = Field(
        default=None, ge=1, le=604_800, description="Binds a user to the release that answered first, for so long."
    )
    access_logs_bucket: str | None = Field(default=None, description="S3 bucket for access logs.")
    web_acl_arn: Arn | None = Field(default=None, description="WAF web ACL to associate.")

    @model_validator(mode="after")
    def _encrypted_or_waived(self) -> Self:
        if (self.certificate_arn is None) == (self.plain_http is None):
            raise ValueError("give certificate_arn (HTTPS), or the waiver plain_http.reason, and not both")
        return self


class HealthCheckConfig(Section):
    """The load balancer's health check of a task (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html)."""

    path: HttpPath = "/health"
    interval: Duration = Field(default=10.0, ge=5, le=300)
    timeout: Duration = Field(default=5.0, ge=2, le=120)
    healthy_threshold: Count = Field(default=2, ge=2, le=10)
    unhealthy_threshold: Count = Field(default=2, ge=2, le=10)
    matcher: Annotated[str, StringConstraints(pattern=r"^[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*$")] = "200"
    grace_period: Duration = Field(default=60.0, ge=0, le=7200, description="ECS ignores health for so long.")

    @field_validator("timeout")
    @classmethod
    def _below_interval(cls, timeout: float, info: ValidationInfo) -> float:
        if timeout >= info.data.get("interval", float("inf")):
            raise ValueError("timeout must be shorter than interval")
        return timeout


class ReleaseConfig(Section):
    """The version to run; a change here is a new release."""

    version: Version = Field(description="Version; used once, for one content.")
    image: Annotated[
        str,
        StringConstraints(
            pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$"
        ),
    ] = Field(description="ECR repository with a tag (resolved once to its digest) or a digest.")
    cpu: Count = Field(default=256, description="CPU units; 1024 is one vCPU.")
    memory: Count = Field(default=512, validate_default=True, description="MiB; AWS allows certain pairs with cpu.")
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    port: Count = Field(default=8080, ge=1, le=65535, description="Port that the container listens on.")
    command: tuple[str, ...] = Field(default=(), description="Overrides the image's command.")
    user: Annotated[str, StringConstraints(pattern=r"^\d+(:\d+)?$")] = Field(
        default="65532:65532", description="Numeric user and group; root is refused."
    )
    environment: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(
        default_factory=dict, description="Plain settings; nothing secret."
    )
    secrets: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], Arn] = Field(
        default_factory=dict, description="Variable → ARN in Secrets Manager or the Parameter Store."
    )
    writable_paths: tuple[HttpPath, ...] = Field(
        default=("/tmp",),  # noqa: S108  a path within the container
        description="Paths that may be written; each an empty volume, whose owner a VOLUME of the image decides.",
    )
    desired_count: Count = Field(default=2, ge=1, le=1000, description="Tasks at full capacity.")
    stop_timeout: Duration = Field(default=30.0, ge=2, le=120, description="From SIGTERM to SIGKILL.")
    slow_start: Duration | None = Field(
        default=None, ge=30, le=900, description="A new target's share of the requests grows over so long."
    )
    log_retention_days: Count = Field(default=30, description="Days that log events are kept.")
    health_check: HealthCheckConfig = Field(default_factory=HealthCheckConfig)

    @field_validator("image")
    @classmethod
    def _not_latest(cls, image: str) -> str:
        return unless([] if not image.endswith(":latest") else ["the tag latest names no version"], image)

    @field_validator("memory")
    @classmethod
    def _goes_with_cpu(cls, memory: int, info: ValidationInfo) -> int:
        return unless(fargate_error(info.data["cpu"], memory) if "cpu" in info.data else [], memory)

    @field_validator("user")
    @classmethod
    def _not_root(cls, user: str) -> str:
        return unless(["must not be root (0)"] if user.split(":", maxsplit=1)[0].strip("0") == "" else [], user)

    @field_validator("environment")
    @classmethod
    def _nothing_secret(cls, environment: dict[str, str]) -> dict[str, str]:
        wrong = [f"{key} looks like a secret: put it into secrets" for key in environment if _looks_secret(key)]
        return unless(wrong, environment)

    @field_validator("secrets")
    @classmethod
    def _not_twice(cls, secrets: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        twice = sorted(set(secrets) & set(info.data.get("environment", {})))
        return unless([f"{key} is in environment too" for key in twice], secrets)

    @field_validator("log_retention_days")
    @classmethod
    def _known_to_logs(cls, days: int) -> int:
        return unless(log_retention_error(days), days)


def _looks_secret(key: str) -> bool:
    return re.search(r"(PASSWORD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIAL)", key.upper()) is not None


class Retention(Section):
    """What becomes of the baseline after a deployment that succeeded."""

    mode: Literal["hot", "warm", "cold"] = Field(
        default="hot", description="hot: full capacity; warm: scaled to zero; cold: destroyed."
    )
    keep: Count = Field(
        default=1, ge=0, le=3, description="Former releases kept (hot or warm); older ones are destroyed."
    )


class EnvironmentConfig(Section):
    """One application in one environment."""

    kind: Literal["environment"] = "environment"
    application: Name = Field(description="Name of the application.")
    environment: Name = Field(description="The stack's name; taken from the file's name.")
    provider: Provider
    records: Records
    network: NetworkConfig
    load_balancer: LoadBalancer
    release: ReleaseConfig
    strategy: StrategyConfig = Field(default_factory=StrategyConfig)
    gates: Gates = Field(default_factory=Gates)
    hooks: dict[GateName, HookConfig] = Field(default_factory=dict, max_length=50, description="By a name of yours.")
    notifications: tuple[NotificationConfig, ...] = Field(default=(), max_length=20)
    retention: Retention = Field(default_factory=Retention)
    tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], str] = Field(
        default_factory=dict, description="Tags on every resource."
    )

    @field_validator("environment")
    @classmethod
    def _names_fit(cls, environment: str, info: ValidationInfo) -> str:
        return unless(name_error(info.data.get("application", ""), environment), environment)

    @model_validator(mode="after")
    def _steps_name_what_is_there(self) -> Self:
        steps = self.strategy.canary.steps if self.strategy.canary else ()
        unknown = sorted({step.hook for step in steps if step.hook} - set(self.hooks))
        wrong = [f"strategy.canary.steps: there is no hook {name}" for name in unknown]
        if any(step.analyse for step in steps) and self.gates.analysis is None:
            wrong.append("strategy.canary.steps: analyse needs gates.analysis")
        unless(wrong, None)
        return self

    @field_validator("tags")
    @classmethod
    def _not_reserved(cls, tags: dict[str, str]) -> dict[str, str]:
        taken = [key for key in tags if key.startswith(("aws:", "cutover:"))]
        return unless([f"{key}: aws: and cutover: are reserved" for key in taken], tags)


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a section, as `docs/configuration.md` is made from it."""
    return model.model_json_schema()
