"""`cutover:gates`: the checks that a release must pass before and during its traffic."""

import re
from typing import Annotated, Literal, Self, assert_never, get_args

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from cutover.config.fields import Count, Duration, HttpPath, Section, unless
from cutover.config.sources.cloudwatch import (
    BurnRate,
    CloudWatchMetric,
    CloudWatchPreset,
    CloudWatchQuery,
    CloudWatchSource,
)
from cutover.config.sources.prometheus import PrometheusMetric, PrometheusQuery, PrometheusSource
from cutover.config.sources.request import MetricSource

GateName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
RESERVED = frozenset({"ecs", "targets", "probe", "alarms", "analysis", "drill"})
PERIODS = "1s, 5s, 10s, 20s, 30s or a multiple of 1m"
METRIC_BESIDE_CLOUDWATCH = "the preset cloudwatch and the section metric go together; give both or neither"


class HealthGate(Section):
    """The gates on the ECS service and on the targets of the load balancer."""

    consecutive: Count = Field(default=3, ge=1, le=100, description="Checks in a row that must pass.")
    interval: Duration = Field(default=5.0, gt=0, le=300, description="Time between two checks.")
    deadline: Duration = Field(
        default=600.0, gt=0, le=7200, description="Time within which the release must be healthy."
    )
    healthy_percent: Count = Field(
        default=90,
        ge=50,
        le=100,
        description="Percent of the needed tasks that must be healthy, rounded up: 90 of 100, or 2 of 2.",
    )
    patience: Duration = Field(
        default=180.0,
        ge=0,
        le=3600,
        description="How long fewer tasks may be healthy while the release has traffic, if at least half of the needed "
        "ones are: ECS replaces a task within two minutes. With fewer than half, four checks stop the deployment.",
    )
    min_healthy: Count = Field(
        default=50,
        ge=1,
        le=100,
        description="Percent of its capacity that the last good release needs to get all traffic back at once.",
    )


class ProbeGate(Section):
    """A GET request through the test traffic rule, before the release gets user traffic."""

    path: HttpPath = Field(default="/", description="Path of the request.")
    status: Count = Field(default=200, ge=200, le=499, description="HTTP status that the response must have.")
    body: str | None = Field(
        default=None, description="Regular expression that must match a part of the response body."
    )
    max_latency: Duration = Field(
        default=1.0, gt=0, le=60, description="Longest time from the connection to the end of the response."
    )
    attempts: Count = Field(default=3, ge=1, le=10, description="Requests that must all fail before the gate fails.")
    unreachable: Literal["wait", "skip"] = Field(
        default="wait",
        description="If the driver cannot connect to the load balancer: `wait` until the deadline, or `skip` the probe "
        "and say so. `skip` is only for an internal load balancer; a hook inside its network can send the request.",
    )

    @model_validator(mode="after")
    def _pattern_compiles(self) -> Self:
        try:
            re.compile(self.body or "")
        except re.error as error:
            raise ValueError(f"body is not a regular expression: {error}") from error
        return self


# To add a source: add its name and its query here, and its section and a case of `source` in MetricGate
# (CONTRIBUTING.md).
Preset = Literal[CloudWatchPreset, "prometheus"]
MetricQuery = CloudWatchQuery | PrometheusQuery
SOURCES = ("cloudwatch", "prometheus")


class MetricGate(Section):
    """A threshold on a metric: percent for rates, CPU and memory; seconds for latencies; else the metric's unit."""

    preset: Preset = Field(
        description="A built-in CloudWatch metric; or `cloudwatch` or `prometheus` for a metric of your own."
    )
    at_most: float | None = Field(default=None, description="The gate fails above this value.")
    at_least: float | None = Field(default=None, description="The gate fails below this value.")
    window: Duration = Field(default=300.0, ge=1, le=86_400, description="Time that each measurement covers.")
    delay: Duration | None = Field(
        default=None,
        ge=0,
        le=3600,
        description="Time until data are complete: the window ends this long before now. "
        "`null`: 180 s for CloudWatch, 0 s for Prometheus.",
    )
    period: Duration = Field(
        default=60.0,
        ge=1,
        le=86_400,
        description=f"CloudWatch's period: {PERIODS}; a multiple of 1m for AWS's own metrics.",
    )
    interval: Duration = Field(default=60.0, ge=0.1, le=3600, description="Time between two measurements.")
    initial_delay: Duration = Field(default=0.0, ge=0, le=86_400, description="Time before the first measurement.")
    minimum_requests: Count = Field(default=0, ge=0, description="Fewer requests in the window are INCONCLUSIVE.")
    failures: Count = Field(
        default=0, ge=0, le=1000, description="Measurements that may fail; one more fails the gate."
    )
    inconclusive: Count = Field(
        default=8,
        ge=0,
        le=1000,
        description="Measurements in a row that may be INCONCLUSIVE; one more stops the deployment.",
    )
    errors: Count = Field(
        default=4,
        ge=0,
        le=1000,
        description="Measurements in a row that may be an ERROR; one more stops the deployment.",
    )
    background: bool = Field(
        default=False,
        strict=True,
        description="Measures in all steps, from the first traffic to the end of the deployment.",
    )
    dry_run: bool = Field(default=False, strict=True, description="Reports its verdict and never stops the deployment.")
    metric: CloudWatchMetric | None = Field(default=None, description="The metric of the preset `cloudwatch`.")
    prometheus: PrometheusMetric | None = Field(default=None, description="The query of the preset `prometheus`.")
    slo: BurnRate | None = Field(default=None, description="The objective of the preset `slo-burn-rate`.")

    @field_validator("preset", mode="before")
    @classmethod
    def _is_known(cls, preset: object) -> object:
        presets = ", ".join(name for name in get_args(CloudWatchPreset) if name not in SOURCES)
        known = f"the sources are {', '.join(SOURCES)}; CloudWatch has the presets {presets}"
        return unless([] if preset in get_args(Preset) else [f"is not a metric source; {known}"], preset)

    @field_validator("period")
    @classmethod
    def _is_a_period_of_cloudwatch(cls, period: float) -> float:
        valid = period in (1, 5, 10, 20, 30) or period % 60 == 0
        return unless([] if valid else [f"must be {PERIODS}"], period)

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        wrong = []
        if (self.at_most is None) == (self.at_least is None):
            wrong.append("give either at_most or at_least")
        if (self.metric is not None) != (self.preset == "cloudwatch"):
            wrong.append(METRIC_BESIDE_CLOUDWATCH)
        if (self.prometheus is not None) != (self.preset == "prometheus"):
            wrong.append("the preset prometheus and the section prometheus go together; give both or neither")
        if self.slo is not None and self.preset != "slo-burn-rate":
            wrong.append("slo is only for the preset slo-burn-rate")
        unless(wrong, None)
        return self

    @property
    def source(self) -> MetricSource[MetricQuery]:
        """The metric source of the preset."""
        match self.preset:
            case "prometheus":
                assert self.prometheus is not None, "validated with the configuration"
                return PrometheusSource(self.prometheus)
            case (
                "error-rate"
                | "failed-requests"
                | "target-errors"
                | "latency-p50"
                | "latency-p90"
                | "latency-p99"
                | "target-response"
                | "cpu"
                | "memory"
                | "slo-burn-rate"
                | "cloudwatch"
            ):
                return CloudWatchSource(
                    preset=self.preset, metric=self.metric, slo=self.slo, with_requests=self.minimum_requests > 0
                )
            case _:
                assert_never(self.preset)

    @property
    def is_beside_the_baseline(self) -> bool:
        """Whether the gate also measures the baseline, and judges only by what the candidate has more."""
        return self.preset == "failed-requests"

    @property
    def is_per_minute(self) -> bool:
        """Whether the gate's period must be a multiple of 60 s."""
        source = self.source
        return isinstance(source, CloudWatchSource) and source.is_per_minute

    @property
    def delay_seconds(self) -> float:
        """Seconds until data are complete: `delay`, or the default of the source."""
        return self.source.delay_seconds if self.delay is None else self.delay


class AlarmGate(Section):
    """Existing CloudWatch alarms: metric alarms and composite alarms."""

    names: tuple[Annotated[str, StringConstraints(min_length=1, max_length=255)], ...] = Field(
        default=(),
        max_length=100,
        description="Names of alarms. The gate fails if one is in ALARM, and does not pass in INSUFFICIENT_DATA.",
    )
    patience: Duration = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="Longest uninterrupted time in which the alarms may lack data or cannot be read.",
    )
    firing_before: Literal["refuse", "report"] = Field(
        default="refuse",
        description="If an alarm is in ALARM before the start: `refuse` the deployment (exit code 4), or `report` the "
        "alarm and watch the others.",
    )


class AnalysisMetric(Section):
    """One metric of the analysis."""

    preset: Literal["error-rate", "latency-p50", "latency-p90", "latency-p99", "cpu", "memory", "cloudwatch"] = Field(
        description="A built-in CloudWatch metric; or `cloudwatch` for a metric of your own."
    )
    metric: CloudWatchMetric | None = Field(default=None, description="The metric of the preset `cloudwatch`.")
    direction: Literal["increase", "decrease", "either"] = Field(
        default="increase", description="The change that counts as a regression."
    )
    critical: bool = Field(default=False, strict=True, description="If this metric fails, the analysis fails.")
    must_have_data: bool = Field(default=False, strict=True, description="The metric fails if it has no data.")
    missing: Literal["gap", "zero"] = Field(
        default="gap",
        description="A period without data gives no sample (`gap`) or the sample 0 (`zero`, for counts that "
        "are only sent when something occurs).",
    )
    weight: float = Field(default=1.0, gt=0, le=1000, description="Share of the score, relative to the other metrics.")
    smallest_effect: float = Field(
        default=0.1, ge=0, le=100, description="Smallest relative change that matters; 0.1 is 10 %."
    )
    smallest_difference: float = Field(
        default=0.0, ge=0, description="Smallest absolute change that matters, in the metric's unit."
    )

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        wrong = (self.metric is not None) != (self.preset == "cloudwatch")
        unless([METRIC_BESIDE_CLOUDWATCH] if wrong else [], None)
        return self

    @property
    def source(self) -> CloudWatchSource:
        """The metric source of the preset."""
        return CloudWatchSource(preset=self.preset, metric=self.metric)


class AnalysisGate(Section):
    """Compares each metric of the candidate and of a baseline by the Mann-Whitney U test."""

    metrics: dict[GateName, AnalysisMetric] = Field(
        min_length=1, max_length=50, description="The metrics to compare, each under a name that you choose."
    )
    baseline: Literal["running", "fresh"] = Field(
        default="running",
        description="`running`: the release that has the traffic. `fresh`: a new release of the same version, which "
        "gets the same weight as the candidate.",
    )
    confidence: float = Field(
        default=0.98, ge=0.5, lt=1, description="0.98: the probability of a false alarm is at most 2 %."
    )
    pass_score: float = Field(default=95.0, gt=0, le=100, description="The analysis passes from this score on.")
    marginal_score: float = Field(
        default=75.0,
        ge=0,
        le=100,
        description="From this score up to `pass_score` it is INCONCLUSIVE; below, it fails.",
    )
    period: Duration = Field(
        default=60.0,
        ge=1,
        le=3600,
        description=f"Each period gives one sample: {PERIODS}; a multiple of 1m for AWS's own metrics.",
    )
    delay: Duration = Field(default=180.0, ge=0, le=3600, description="Time until CloudWatch's data are complete.")
    inconclusive: Literal["rollback", "pause"] = Field(
        default="rollback",
        description="After a marginal score or with too little data: roll back, or wait for a person.",
    )

    @field_validator("marginal_score")
    @classmethod
    def _below_pass(cls, marginal: float, info: ValidationInfo) -> float:
        above = marginal > info.data.get("pass_score", 100.0)
        return unless(["must not be above pass_score"] if above else [], marginal)


class Gates(Section):
    """The checks that a release must pass before and during its traffic."""

    health: HealthGate = Field(default_factory=HealthGate)
    probe: ProbeGate | None = Field(default_factory=ProbeGate, description="`null` turns the probe off.")
    metrics: dict[GateName, MetricGate] = Field(
        default_factory=dict, max_length=50, description="Metric gates, each under a name that you choose."
    )
    alarms: AlarmGate = Field(default_factory=AlarmGate)
    analysis: AnalysisGate | None = Field(default=None, description="The settings of the canary step `analyse`.")
    patience: Duration = Field(
        default=120.0,
        ge=0,
        le=3600,
        description="How long the driver may be unable to see or to act while the candidate has traffic, before it "
        "rolls back.",
    )

    @field_validator("metrics")
    @classmethod
    def _names_are_free(cls, metrics: dict[str, MetricGate]) -> dict[str, MetricGate]:
        return unless([f"{name} is the name of a built-in gate" for name in metrics if name in RESERVED], metrics)
