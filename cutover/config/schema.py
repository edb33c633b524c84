"""The models of `Pulumi.<environment>.yaml`. `docs/configuration.md` is generated from them.

Every key of the file is a field here, with its description, unit, default and limits. An unknown key is an error.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from cutover.config.fields import Count, Duration, Name, Section, unless
from cutover.config.gates import GateName, Gates
from cutover.config.hooks import HookConfig
from cutover.config.limits import name_error
from cutover.config.network import LoadBalancer, NetworkConfig
from cutover.config.notifications import NotificationConfig
from cutover.config.release import ReleaseConfig
from cutover.config.state import ProjectName, StateConfig
from cutover.config.strategy import StrategyConfig, too_high_for_a_fresh_baseline


class AssumeRole(Section):
    """A role that the driver and Pulumi's provider assume with the credentials of the machine."""

    arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")] = Field(
        description="ARN of the role."
    )
    external_id: Annotated[str, StringConstraints(min_length=2, max_length=1224)] | None = Field(
        default=None, description="External id that the role's trust policy requires."
    )
    session_name: Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]{2,64}$")] = Field(
        default="cutover", description="Name of the session, which CloudTrail shows."
    )
    session_tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], str] = Field(
        default_factory=dict,
        max_length=50,
        description="Tags of the session; the role's trust policy must allow `sts:TagSession`.",
    )
    duration: Duration = Field(
        default=3600.0, ge=900, le=43_200, description="Time after which the credentials are renewed at the latest."
    )


class Provider(Section):
    """The AWS region, account and credentials, for the Pulumi provider and for the driver's own calls."""

    region: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        description="AWS Region.", examples=["eu-west-1"]
    )
    account_id: Annotated[str, StringConstraints(strict=True, pattern=r"^\d{12}$")] = Field(
        description="The AWS account to deploy to. Credentials of another account are refused."
    )
    profile: str | None = Field(default=None, description="Named profile in the AWS configuration files.")
    assume_role: AssumeRole | None = Field(
        default=None, description="Role to assume; `null` uses the credentials of the machine as they are."
    )
    endpoint: str | None = Field(default=None, description="For the local cloud only: one URL for every AWS service.")
    access_key: str | None = Field(
        default=None,
        description="For the local cloud only: the access key. A real account uses the AWS credential chain.",
    )
    secret_key: str | None = Field(default=None, repr=False, description="For the local cloud only: the secret key.")
    skip_credentials_validation: bool = Field(
        default=False, strict=True, description="For the local cloud only: passed to the Pulumi provider."
    )
    skip_metadata_api_check: bool = Field(
        default=False, strict=True, description="For the local cloud only: passed to the Pulumi provider."
    )
    skip_requesting_account_id: bool = Field(
        default=False, strict=True, description="For the local cloud only: passed to the Pulumi provider."
    )
    s3_use_path_style: bool = Field(
        default=False,
        strict=True,
        description="For the local cloud only: the bucket is in the path of an S3 URL, not in its host.",
    )
    http_proxy: str | None = Field(
        default=None,
        description="For the local cloud only: proxy of the AWS plugin: S3 Control has a host name per account.",
    )
    time_scale: float = Field(
        default=1.0,
        ge=1,
        le=60,
        description="For the local cloud only: how many times shorter a minute of CloudWatch is. 60: a second.",
    )
    max_retries: Count | None = Field(
        default=None, ge=0, le=50, description="Retries of the Pulumi provider; `null` uses its default."
    )

    @model_validator(mode="after")
    def _keys_only_with_an_endpoint(self) -> Self:
        if (self.access_key or self.secret_key) and not self.endpoint:
            raise ValueError("access_key and secret_key need an endpoint; a real account uses the AWS credential chain")
        if self.time_scale != 1 and not self.endpoint:
            raise ValueError("time_scale needs an endpoint; a minute of a real CloudWatch takes a minute")
        return self

    @model_validator(mode="after")
    def _role_of_this_account(self) -> Self:
        if self.assume_role is not None and self.assume_role.arn.split(":")[4] != self.account_id:
            raise ValueError(f"assume_role.arn is not a role of account {self.account_id}")
        return self


class RecordsAccount(Section):
    """The account and Region of the platform stack, where they are not the environment's."""

    account_id: Annotated[str, StringConstraints(strict=True, pattern=r"^\d{12}$")] = Field(
        description="Account that has the tables and the bucket."
    )
    region: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = Field(
        default=None, description="Their Region; `null` is `provider.region`."
    )
    assume_role: AssumeRole = Field(
        description="Role of that account. The driver assumes it for the records, with the credentials of the machine."
    )

    @model_validator(mode="after")
    def _role_of_this_account(self) -> Self:
        if self.assume_role.arn.split(":")[4] != self.account_id:
            raise ValueError(f"assume_role.arn is not a role of account {self.account_id}")
        return self


class Records(Section):
    """The tables and the bucket of the platform stack, which hold the records."""

    account: RecordsAccount | None = Field(
        default=None,
        description="The account of the records, where several accounts share one; `null` is `provider.account_id`. "
        "`cutover bootstrap --platform` creates tables and bucket there.",
    )

    deployments_table: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]{3,255}$")] = Field(
        default="immutable-deployments",
        description="DynamoDB table of deployments, releases and the allocation.",
    )
    executions_table: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]{3,255}$")] = Field(
        default="deployment-executions", description="DynamoDB table of executions, journals and the lease."
    )
    artifact_bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="S3 bucket of manifests and reports. Bucket names are globally unique."
    )
    repositories: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[._/-][a-z0-9]+)*$")], ...] = Field(
        default=(),
        description="ECR repositories of the application, in a stack of their own that `cutover bootstrap` creates.",
    )
    pull_accounts: tuple[Annotated[str, StringConstraints(strict=True, pattern=r"^\d{12}$")], ...] = Field(
        default=(), max_length=50, description="Other accounts whose environments pull from `repositories`."
    )
    deletion_protection: bool = Field(
        default=True,
        strict=True,
        description="`true`: the tables, the bucket and the repositories are protected from deletion.",
    )
    lease: Duration = Field(
        default=60.0,
        ge=5,
        le=900,
        description="Time without a renewal of the lease after which another driver can take over.",
    )


class Retention(Section):
    """What happens to old releases after a successful deployment."""

    mode: Literal["hot", "warm", "cold"] = Field(
        default="hot",
        description="`hot` keeps the baseline at full capacity, `warm` scales it to zero, `cold` destroys it.",
    )
    keep: Count = Field(
        default=1, ge=0, le=3, description="Number of old releases to keep (hot or warm). Older ones are destroyed."
    )


class EnvironmentConfig(Section):
    """One application in one environment."""

    kind: Literal["environment"] = Field(default="environment", description="Kind of the stack.")
    application: Name = Field(description="Name of the application.")
    environment: Name = Field(description="Name of the environment and its stack; taken from the file name.")
    project: ProjectName = Field(
        default="cutover", description="Name of the Pulumi project; taken from the name in Pulumi.yaml."
    )
    provider: Provider
    state: StateConfig = Field(default_factory=StateConfig)
    records: Records
    network: NetworkConfig
    load_balancer: LoadBalancer
    release: ReleaseConfig
    strategy: StrategyConfig = Field(default_factory=StrategyConfig)
    gates: Gates = Field(default_factory=Gates)
    hooks: dict[GateName, HookConfig] = Field(
        default_factory=dict, max_length=50, description="Hooks, each under a name that you choose."
    )
    notifications: tuple[NotificationConfig, ...] = Field(
        default=(), max_length=20, description="Receivers of messages about deployments."
    )
    retention: Retention = Field(default_factory=Retention)
    on_drift: Literal["stop", "restore"] = Field(
        default="stop",
        description="What the driver does when the load balancer's weights were changed outside cutover: `stop` "
        "pauses, `restore` writes the recorded weights again, unless that would raise the candidate.",
    )
    interrupt_grace: Duration = Field(
        default=300.0,
        ge=10,
        le=3600,
        description="Time that Pulumi gets to finish what it has started, after a signal to the driver, its death or "
        "the loss of its lease. Then Pulumi is killed, and `cutover resume` recovers its pending operations.",
    )
    tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], str] = Field(
        default_factory=dict, description="Tags for every resource."
    )

    @property
    def records_provider(self) -> Provider:
        """The account, Region and credentials with which the driver reaches the records."""
        account = self.records.account
        if account is None:
            return self.provider
        update = {
            "account_id": account.account_id,
            "region": account.region or self.provider.region,
            "assume_role": account.assume_role,
        }
        return self.provider.model_copy(update=update)

    @field_validator("environment")
    @classmethod
    def _names_fit(cls, environment: str, info: ValidationInfo) -> str:
        return unless(name_error(info.data.get("application", ""), environment), environment)

    @model_validator(mode="after")
    def _steps_refer_to_what_is_configured(self) -> Self:
        steps = self.strategy.canary.steps if self.strategy.canary else ()
        unknown = sorted({step.hook for step in steps if step.hook} - set(self.hooks))
        wrong = [f"strategy.canary.steps: the hook {name} is not in hooks" for name in unknown]
        if any(step.analyse for step in steps) and self.gates.analysis is None:
            wrong.append("strategy.canary.steps: analyse needs gates.analysis")
        if self.gates.analysis is not None and self.gates.analysis.baseline == "fresh":
            wrong += too_high_for_a_fresh_baseline(steps)
        unless(wrong, None)
        return self

    @model_validator(mode="after")
    def _only_an_internal_load_balancer_is_out_of_reach(self) -> Self:
        probe = self.gates.probe
        wrong = probe is not None and probe.unreachable == "skip" and not self.load_balancer.internal
        message = "gates.probe.unreachable: skip is only for a load balancer with internal: true"
        unless([message] if wrong else [], None)
        return self

    @model_validator(mode="after")
    def _periods_fit_cloudwatch(self) -> Self:
        minute = 60 / self.provider.time_scale
        periods = {f"metrics.{name}": gate.period for name, gate in self.gates.metrics.items() if gate.is_per_minute}
        analysis = self.gates.analysis
        if analysis is not None and any(metric.source.is_per_minute for metric in analysis.metrics.values()):
            periods["analysis"] = analysis.period
        wrong = [
            f"gates.{place}.period: must be a multiple of {minute:g}s, as CloudWatch has AWS's own metrics per minute"
            for place, period in periods.items()
            if period % minute
        ]
        unless(wrong, None)
        return self

    @field_validator("tags")
    @classmethod
    def _not_reserved(cls, tags: dict[str, str]) -> dict[str, str]:
        reserved = [key for key in tags if key.startswith(("aws:", "cutover:"))]
        return unless([f"{key} uses a reserved prefix (aws: or cutover:)" for key in reserved], tags)
