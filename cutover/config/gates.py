"""`cutover:gates`: what the release must pass before and during traffic."""

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
    """The gates on the service and its targets."""

    consecutive: Count = Field(default=3, ge=1, le=100, description="Consecutive healthy checks that are needed.")
    interval: Duration = Field(default=5.0, gt=0, le=300, description="Time between two checks.")
    deadline: Duration = Field(
        default=600.0, gt=0, le=7200, description="Time within which the release must be healthy."
    )


class ProbeGate(Section):
    """An HTTP request through the test-traffic rule, before users reach the release."""

    path: HttpPath = "/"
    status: Count = Field(default=200, ge=200, le=499)
    body: str | None = Field(default=None, description="Regular expression that the body must contain.")
    max_latency: Duration = Field(default=1.0, gt=0, le=60)

    @model_validator(mode="after")
    def _pattern_compiles(self) -> Self:
        try:
            re.compile(self.body or "")
        except re.error as error:
            raise ValueError(f"body is not a regular expression: {error}") from error
        return self


# A new source adds its name and its query here, its section and an arm of `source` in MetricGate (CONTRIBUTING.md).
Preset = Literal[CloudWatchPreset, "prometheus"]
MetricQuery = CloudWatchQuery | PrometheusQuery
SOURCES = ("cloudwatch", "prometheus")


class MetricGate(Section):
    """A threshold on a metric: percent for rates, CPU and memory; seconds for latencies; else the metric's unit."""

    preset: Preset = Field(description="A metric of CloudWatch, or the name of a source.")
    at_most: float | None = Field(default=None, description="Fails above it.")
    at_least: float | None = Field(default=None, description="Fails below it.")
    window: Duration = Field(default=300.0, ge=1, le=86_400, description="Time that each measurement covers.")
    delay: Duration | None = Field(
        default=None,
        ge=0,
        le=3600,
        description="How late the data are: the window ends this long ago. `null`: CloudWatch 60 s, Prometheus 0 s.",
    )
    period: Duration = Field(default=60.0, ge=1, le=86_400, description=f"CloudWatch's period: {PERIODS}.")
    interval: Duration = Field(default=60.0, ge=0.1, le=3600, description="Time between two measurements.")
    initial_delay: Duration = Field(default=0.0, ge=0, le=86_400, description="Time before the first measurement.")
    minimum_requests: Count = Field(default=0, ge=0, description="With fewer in the window: INCONCLUSIVE.")
    failures: Count = Field(default=0, ge=0, le=1000, description="Measurements that may fail.")
    inconclusive: Count = Field(
        default=5, ge=0, le=1000, description="Consecutive measurements that may be INCONCLUSIVE."
    )
    errors: Count = Field(default=4, ge=0, le=1000, description="Consecutive measurements that may be an ERROR.")
    background: bool = Field(
        default=False, strict=True, description="Measures from the first traffic to the end, through all steps."
    )
    dry_run: bool = Field(default=False, strict=True, description="Reports its verdict and stops nothing.")
    metric: CloudWatchMetric | None = Field(default=None, description="For `cloudwatch`.")
    prometheus: PrometheusMetric | None = Field(default=None, description="For `prometheus`.")
    slo: BurnRate | None = Field(default=None, description="For `slo-burn-rate`.")

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
        """Where the numbers come from."""
        match self.preset:
            case "prometheus":
                assert self.prometheus is not None, "validated with the configuration"
                return PrometheusSource(self.prometheus)
            case (
                "error-rate"
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
    def delay_seconds(self) -> float:
        """How late the data are: `delay`, or else the source's own value."""
        return self.source.delay_seconds if self.delay is None else self.delay


class AlarmGate(Section):
    """Existing CloudWatch alarms, alone or composite."""

    names: tuple[Annotated[str, StringConstraints(min_length=1, max_length=255)], ...] = Field(
        default=(), max_length=100, description="If one is in ALARM, the gate fails; INSUFFICIENT_DATA does not pass."
    )
    patience: Duration = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="How long alarms may have no data, or be unreadable, without a break.",
    )
    firing_before: Literal["refuse", "report"] = Field(
        default="refuse",
        description="If one is in ALARM before the start: refuse (exit code 4), or report it and watch the others.",
    )


class AnalysisMetric(Section):
    """One metric of the analysis."""

    preset: Literal["error-rate", "latency-p50", "latency-p90", "latency-p99", "cpu", "memory", "cloudwatch"]
    metric: CloudWatchMetric | None = Field(default=None, description="For `cloudwatch`.")
    direction: Literal["increase", "decrease", "either"] = Field(
        default="increase", description="The change that is bad."
    )
    critical: bool = Field(default=False, strict=True, description="If it fails, the analysis fails.")
    must_have_data: bool = Field(default=False, strict=True, description="No data counts as a failure.")
    missing: Literal["gap", "zero"] = Field(
        default="gap",
        description="A period without data: `gap` has no sample, `zero` is 0 (for counts sent only when they occur).",
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
        """Where the samples come from."""
        return CloudWatchSource(preset=self.preset, metric=self.metric)


class AnalysisGate(Section):
    """Compares the candidate with a baseline; each metric by the Mann-Whitney U test."""

    metrics: dict[GateName, AnalysisMetric] = Field(min_length=1, max_length=50)
    baseline: Literal["running", "fresh"] = Field(
        default="running",
        description="The running release, or a new release of its version with the candidate's share.",
    )
    confidence: float = Field(default=0.98, ge=0.5, lt=1)
    pass_score: float = Field(default=95.0, gt=0, le=100)
    marginal_score: float = Field(default=75.0, ge=0, le=100)
    period: Duration = Field(default=60.0, ge=1, le=3600, description=f"Each gives one sample: {PERIODS}.")
    delay: Duration = Field(default=60.0, ge=0, le=3600, description="How late CloudWatch's data are.")
    inconclusive: Literal["rollback", "pause"] = Field(
        default="rollback", description="With a marginal score or too little data: roll back, or wait for a person."
    )

    @field_validator("marginal_score")
    @classmethod
    def _below_pass(cls, marginal: float, info: ValidationInfo) -> float:
        above = marginal > info.data.get("pass_score", 100.0)
        return unless(["must not be above pass_score"] if above else [], marginal)


class Gates(Section):
    """What the release must pass before and during traffic."""

    health: HealthGate = Field(default_factory=HealthGate)
    probe: ProbeGate | None = Field(default_factory=ProbeGate, description="`null` turns the probe off.")
    metrics: dict[GateName, MetricGate] = Field(
        default_factory=dict, max_length=50, description="Gates by a name of your choice."
    )
    alarms: AlarmGate = Field(default_factory=AlarmGate)
    analysis: AnalysisGate | None = Field(default=None, description="For the step `analyse` of a canary.")

    @field_validator("metrics")
    @classmethod
    def _names_are_free(cls, metrics: dict[str, MetricGate]) -> dict[str, MetricGate]:
        return unless([f"{name} is the name of a built-in gate" for name in metrics if name in RESERVED], metrics)
