"""`cutover:gates`: what must hold before and during traffic."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from cutover.config.fields import Count, Duration, HttpPath, Section, unless

GateName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
RESERVED = frozenset({"ecs", "targets", "probe", "alarms", "analysis", "drill"})
PERIODS = "1s, 5s, 10s, 20s, 30s or a multiple of 1m"


class HealthGate(Section):
    """The gates on the service and its targets."""

    consecutive: Count = Field(default=3, ge=1, le=100, description="Healthy looks in a row.")
    interval: Duration = Field(default=5.0, gt=0, le=300, description="Time between two looks.")
    deadline: Duration = Field(default=600.0, gt=0, le=7200, description="Until then the release must be healthy.")


class ProbeGate(Section):
    """The HTTP probe through the test-traffic rule, before any user's request."""

    path: HttpPath = "/"
    status: Count = Field(default=200, ge=200, le=499)
    body: str | None = Field(default=None, description="Regular expression that the body must contain.")
    max_latency: Duration = Field(default=1.0, gt=0, le=60)

    @model_validator(mode="after")
    def _pattern_compiles(self) -> Self:
        try:
            re.compile(self.body or "")
        except re.error as error:
            raise ValueError(f"body is no regular expression: {error}") from error
        return self


class CloudWatchMetric(Section):
    """Any CloudWatch metric.

    In dimensions `{load_balancer}`, `{target_group}`, `{cluster}` and `{service}` stand for those of the release.
    """

    namespace: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    dimensions: dict[str, str] = Field(default_factory=dict, max_length=30)
    statistic: Annotated[
        str, StringConstraints(pattern=r"^(Sum|Average|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?)$")
    ]


class PrometheusMetric(Section):
    """A PromQL query that gives one number; `{version}`, `{release}` and `{digest8}` stand for the release's."""

    address: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
    query: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class BurnRate(Section):
    """How fast the error budget of an objective is spent, over two windows
    (https://sre.google/workbook/alerting-on-slos/, multiwindow)."""

    objective: float = Field(default=99.9, gt=0, lt=100, description="Percent of requests that must succeed.")
    long_window: Duration = Field(default=3600.0, ge=1, le=86_400)
    short_window: Duration = Field(default=300.0, ge=1, le=86_400)


Preset = Literal[
    "error-rate",
    "latency-p50",
    "latency-p90",
    "latency-p99",
    "target-response",
    "cpu",
    "memory",
    "slo-burn-rate",
    "cloudwatch",
    "prometheus",
]


class MetricGate(Section):
    """A threshold on a metric: percent for rates, CPU and memory; seconds for latencies; else the metric's unit."""

    preset: Preset
    at_most: float | None = Field(default=None, description="Fails above it.")
    at_least: float | None = Field(default=None, description="Fails below it.")
    window: Duration = Field(default=300.0, ge=1, le=86_400, description="Each measurement looks back so far.")
    delay: Duration = Field(
        default=60.0, ge=0, le=3600, description="So late are CloudWatch's data; the window ends there."
    )
    period: Duration = Field(default=60.0, ge=1, le=86_400, description=f"CloudWatch's period: {PERIODS}.")
    interval: Duration = Field(default=60.0, ge=0.1, le=3600, description="Between two measurements.")
    initial_delay: Duration = Field(default=0.0, ge=0, le=86_400, description="Before the first one.")
    minimum_requests: Count = Field(default=0, ge=0, description="Below so many in the window: INCONCLUSIVE.")
    failures: Count = Field(default=0, ge=0, le=1000, description="Measurements that may fail.")
    inconclusive: Count = Field(default=5, ge=0, le=1000, description="Measurements in a row without an answer.")
    errors: Count = Field(default=4, ge=0, le=1000, description="Measurements in a row that could not be made.")
    background: bool = Field(default=False, strict=True, description="From the first traffic on, through all steps.")
    dry_run: bool = Field(default=False, strict=True, description="Reports, and decides nothing.")
    metric: CloudWatchMetric | None = Field(default=None, description="For `cloudwatch`.")
    prometheus: PrometheusMetric | None = Field(default=None, description="For `prometheus`.")
    slo: BurnRate | None = Field(default=None, description="For `slo-burn-rate`.")

    @field_validator("period")
    @classmethod
    def _cloudwatch_takes_it(cls, period: float) -> float:
        return unless([] if period in (1, 5, 10, 20, 30) or period % 60 == 0 else [f"is none of {PERIODS}"], period)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wrong = []
        if (self.at_most is None) == (self.at_least is None):
            wrong.append("give at_most or at_least")
        if (self.metric is not None) != (self.preset == "cloudwatch"):
            wrong.append("metric goes with the preset cloudwatch, and that with it")
        if (self.prometheus is not None) != (self.preset == "prometheus"):
            wrong.append("prometheus goes with the preset prometheus, and that with it")
        if self.slo is not None and self.preset != "slo-burn-rate":
            wrong.append("slo goes with the preset slo-burn-rate")
        unless(wrong, None)
        return self


class AlarmGate(Section):
    """Existing CloudWatch alarms, alone or composite."""

    names: tuple[Annotated[str, StringConstraints(min_length=1, max_length=255)], ...] = Field(
        default=(), max_length=100, description="None may be in ALARM; INSUFFICIENT_DATA does not pass."
    )
    patience: Duration = Field(
        default=300.0, ge=0, le=86_400, description="So long they may lack data, or be unreadable, in a row."
    )
    firing_before: Literal["refuse", "report"] = Field(
        default="refuse",
        description="An alarm that fires before the start: refuse (exit 4), or report and watch the others.",
    )


class AnalysisMetric(Section):
    """One metric of the analysis."""

    preset: Literal["error-rate", "latency-p50", "latency-p90", "latency-p99", "cpu", "memory", "cloudwatch"]
    metric: CloudWatchMetric | None = Field(default=None, description="For `cloudwatch`.")
    direction: Literal["increase", "decrease", "either"] = Field(default="increase", description="Which change is bad.")
    critical: bool = Field(default=False, strict=True, description="Its failure fails the analysis.")
    must_have_data: bool = Field(default=False, strict=True, description="No data is a failure.")
    missing: Literal["gap", "zero"] = Field(
        default="gap",
        description="A period without data: no sample, or 0 for counts that are only told when they occur.",
    )
    weight: float = Field(default=1.0, gt=0, le=1000, description="In the score.")
    smallest_effect: float = Field(default=0.1, ge=0, le=100, description="Relative change that matters: 0.1 is 10 %.")
    smallest_difference: float = Field(
        default=0.0, ge=0, description="Absolute change that matters, in the metric's unit."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wrong = (self.metric is not None) != (self.preset == "cloudwatch")
        unless(["metric goes with the preset cloudwatch, and that with it"] if wrong else [], None)
        return self


class AnalysisGate(Section):
    """The candidate against a baseline, by Mann-Whitney U for each metric."""

    metrics: dict[GateName, AnalysisMetric] = Field(min_length=1, max_length=50)
    baseline: Literal["running", "fresh"] = Field(
        default="running", description="The running release, or a fresh release of its version with the same share."
    )
    confidence: float = Field(default=0.98, ge=0.5, lt=1)
    pass_score: float = Field(default=95.0, gt=0, le=100)
    marginal_score: float = Field(default=75.0, ge=0, le=100)
    period: Duration = Field(default=60.0, ge=1, le=3600, description=f"One sample each: {PERIODS}.")
    delay: Duration = Field(default=60.0, ge=0, le=3600, description="So late are CloudWatch's data.")
    inconclusive: Literal["rollback", "pause"] = Field(
        default="rollback", description="A marginal score or too little data: roll back, or wait for a person."
    )

    @field_validator("marginal_score")
    @classmethod
    def _below_pass(cls, marginal: float, info: ValidationInfo) -> float:
        above = marginal > info.data.get("pass_score", 100.0)
        return unless(["must not be above pass_score"] if above else [], marginal)


class Gates(Section):
    """What must hold before and during traffic."""

    health: HealthGate = Field(default_factory=HealthGate)
    probe: ProbeGate | None = Field(default_factory=ProbeGate, description="`null` for no probe.")
    metrics: dict[GateName, MetricGate] = Field(default_factory=dict, max_length=50, description="By a name of yours.")
    alarms: AlarmGate = Field(default_factory=AlarmGate)
    analysis: AnalysisGate | None = Field(default=None, description="For the step `analyse` of a canary.")

    @field_validator("metrics")
    @classmethod
    def _names_are_free(cls, metrics: dict[str, MetricGate]) -> dict[str, MetricGate]:
        return unless([f"{name} is the name of a gate of cutover's" for name in metrics if name in RESERVED], metrics)
