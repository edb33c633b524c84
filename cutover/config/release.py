"""`cutover:release`: the version to run."""

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from cutover.config.fields import Arn, Count, Duration, HttpPath, PolicyArn, RolePath, Section, Version, unless
from cutover.config.limits import fargate_error, log_retention_error


class HealthCheckConfig(Section):
    """The load balancer's health check of a task
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html)."""

    path: HttpPath = Field(default="/health", description="Path of the request.")
    interval: Duration = Field(default=10.0, ge=5, le=300, description="Time between two checks of a task.")
    timeout: Duration = Field(
        default=5.0, ge=2, le=120, description="A check without a response in this time fails; less than `interval`."
    )
    healthy_threshold: Count = Field(
        default=2, ge=2, le=10, description="Successful checks in a row that make a task healthy."
    )
    unhealthy_threshold: Count = Field(
        default=2, ge=2, le=10, description="Failed checks in a row that make a task unhealthy."
    )
    matcher: Annotated[str, StringConstraints(pattern=r"^[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*$")] = Field(
        default="200", description="HTTP codes of a successful check, such as `200,202` or `200-299`."
    )
    grace_period: Duration = Field(
        default=60.0, ge=0, le=7200, description="ECS ignores failed checks for this time after a task starts."
    )

    @field_validator("timeout")
    @classmethod
    def _below_interval(cls, timeout: float, info: ValidationInfo) -> float:
        if timeout >= info.data.get("interval", float("inf")):
            raise ValueError("timeout must be shorter than interval")
        return timeout


class ReleaseConfig(Section):
    """The version to run. Any change in this section is a new release and needs a new version."""

    version: Version = Field(
        description="Version of the release. A version always means the same content: any change needs a new version."
    )
    image: Annotated[
        str,
        StringConstraints(
            pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$"
        ),
    ] = Field(description="ECR repository with a tag or a digest. A tag is resolved to its digest once.")
    cpu: Count = Field(default=256, description="CPU units of a task; 1024 is one vCPU.")
    memory: Count = Field(
        default=512,
        validate_default=True,
        description="Memory of a task in MiB; Fargate allows certain pairs with `cpu`.",
    )
    architecture: Literal["X86_64", "ARM64"] = Field(default="X86_64", description="CPU architecture of the image.")
    port: Count = Field(default=8080, ge=1, le=65535, description="Port that the container listens on.")
    command: tuple[str, ...] = Field(default=(), description="Overrides the image's command.")
    user: Annotated[str, StringConstraints(pattern=r"^\d+(:\d+)?$")] = Field(
        default="65532:65532", description="Numeric user and group; root (0) is refused."
    )
    environment: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(
        default_factory=dict, description="Environment variables that are not secret."
    )
    secrets: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], Arn] = Field(
        default_factory=dict,
        description="Environment variable → ARN. A secret of Secrets Manager is pinned to its current version. "
        "A parameter of the Parameter Store is not: each new task reads its current value.",
    )
    writable_paths: tuple[HttpPath, ...] = Field(
        default=("/tmp",),  # noqa: S108  a path within the container
        description="Directories that the user can write to. They are empty when a task starts.",
    )
    writable_mib: Count | None = Field(
        default=64,
        ge=1,
        validate_default=True,
        description="Most MiB of each writable directory, in the memory of the task; at most half of it altogether. "
        "`null`: on the disk of the task, where the user can write only if the image has a VOLUME that it owns.",
    )
    desired_count: Count = Field(default=2, ge=1, le=1000, description="Number of tasks at full capacity.")
    stop_timeout: Duration = Field(default=30.0, ge=2, le=120, description="Time from SIGTERM to SIGKILL.")
    slow_start: Duration | None = Field(
        default=None,
        ge=30,
        le=900,
        description="Time over which a new target's share of the requests grows; `null` turns slow start off.",
    )
    log_retention_days: Count = Field(default=30, description="Days that CloudWatch Logs keeps the container's logs.")
    role_path: RolePath | None = Field(
        default=None, description="Path of the IAM roles, for policies; `null` is `/cutover/APPLICATION/`."
    )
    permissions_boundary: PolicyArn | None = Field(
        default=None, description="IAM policy that limits what the release's roles can do; `null` for none."
    )
    health_check: HealthCheckConfig = Field(default_factory=HealthCheckConfig)

    @field_validator("image")
    @classmethod
    def _not_latest(cls, image: str) -> str:
        return unless([] if not image.endswith(":latest") else ["the tag latest is refused; name a version"], image)

    @field_validator("memory")
    @classmethod
    def _allowed_with_cpu(cls, memory: int, info: ValidationInfo) -> int:
        return unless(fargate_error(info.data["cpu"], memory) if "cpu" in info.data else [], memory)

    @field_validator("user")
    @classmethod
    def _not_root(cls, user: str) -> str:
        return unless(["must not be root (0)"] if user.split(":", maxsplit=1)[0].strip("0") == "" else [], user)

    @field_validator("environment")
    @classmethod
    def _nothing_secret(cls, environment: dict[str, str]) -> dict[str, str]:
        wrong = [f"{key} looks like a secret; move it to secrets" for key in environment if _looks_secret(key)]
        return unless(wrong, environment)

    @field_validator("secrets")
    @classmethod
    def _not_in_environment_too(cls, secrets: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        in_both = sorted(set(secrets) & set(info.data.get("environment", {})))
        return unless([f"{key} is also in environment; keep one of them" for key in in_both], secrets)

    @field_validator("secrets")
    @classmethod
    def _no_version_of_a_parameter(cls, secrets: dict[str, str]) -> dict[str, str]:
        versions = {name: arn for name, arn in secrets.items() if re.search(r":parameter/.*:\d+$", arn)}
        reason = "ECS accepts no version of a parameter; remove it, or use Secrets Manager to pin a version"
        return unless(
            [f"{name} ends with :{arn.rpartition(':')[2]}; {reason}" for name, arn in versions.items()], secrets
        )

    @field_validator("writable_mib")
    @classmethod
    def _memory_is_left(cls, mib: int | None, info: ValidationInfo) -> int | None:
        paths, memory = info.data.get("writable_paths", ()), info.data.get("memory")
        if mib is None or memory is None or 2 * mib * len(paths) <= memory:
            return mib
        raise ValueError(f"{len(paths)} directories of {mib} MiB are more than half of the memory ({memory} MiB)")

    @field_validator("log_retention_days")
    @classmethod
    def _known_to_logs(cls, days: int) -> int:
        return unless(log_retention_error(days), days)


def _looks_secret(key: str) -> bool:
    return re.search(r"(PASSWORD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIAL)", key.upper()) is not None
