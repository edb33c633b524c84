"""CloudWatch as a metric source: its presets, its section of the configuration, and the queries of a gate.

Metrics and dimensions are those of
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, assert_never

from pydantic import Field, StringConstraints

from cutover.config.fields import Duration, Section
from cutover.config.sources.request import Fold, MetricRequest, Placeholders, fill

CloudWatchPreset = Literal[
    "error-rate",
    "failed-requests",
    "target-errors",
    "latency-p50",
    "latency-p90",
    "latency-p99",
    "target-response",
    "cpu",
    "memory",
    "slo-burn-rate",
    "cloudwatch",
]
_SingleMetric = Literal["latency-p50", "latency-p90", "latency-p99", "target-response", "cpu", "memory", "cloudwatch"]


@dataclass(frozen=True, slots=True)
class CloudWatchQuery:
    """One statistic of one metric; `dimensions` are pairs of name and value."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_seconds: int


class CloudWatchMetric(Section):
    """Any CloudWatch metric.

    `{load_balancer}`, `{target_group}`, `{cluster}` and `{service}` in a dimension get the values of the release.
    """

    namespace: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        description="Namespace, such as `AWS/ECS`."
    )
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(description="Name of the metric.")
    dimensions: dict[str, str] = Field(
        default_factory=dict, max_length=30, description="Name and value of each dimension."
    )
    statistic: Annotated[
        str, StringConstraints(pattern=r"^(Sum|Average|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?)$")
    ] = Field(description="`Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or a percentile such as `p99`.")


class BurnRate(Section):
    """How fast the error budget of an objective is spent. The value is the lower rate of two windows
    (https://sre.google/workbook/alerting-on-slos/)."""

    objective: float = Field(default=99.9, gt=0, lt=100, description="Percent of requests that must succeed.")
    long_window: Duration = Field(
        default=3600.0, ge=1, le=86_400, description="The long window shows that the errors matter."
    )
    short_window: Duration = Field(
        default=300.0, ge=1, le=86_400, description="The short window shows that the errors continue."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatchSource:
    """Implements `MetricSource`. `with_requests` adds the number of requests to a preset that does not fetch it."""

    preset: CloudWatchPreset
    metric: CloudWatchMetric | None = None
    slo: BurnRate | None = None
    with_requests: bool = False

    @property
    def delay_seconds(self) -> float:
        """180: AWS's metrics of a minute are complete two to three minutes later."""
        return 180.0

    @property
    def is_per_minute(self) -> bool:
        """Whether CloudWatch has the metric per minute, as AWS's own ones, so that a period is a multiple of 60 s."""
        return self.metric is None or self.metric.namespace.startswith("AWS/")

    def requests(
        self, placeholders: Placeholders, window_seconds: float, period_seconds: int
    ) -> tuple[MetricRequest[CloudWatchQuery], ...]:
        """Return the sums of requests and errors for a rate, or one number for any other preset."""
        match self.preset:
            case "error-rate" | "target-errors":
                return _requests_and_errors(placeholders, period_seconds, window_seconds, "")
            case "failed-requests":
                return _requests_and_answers(placeholders, period_seconds, window_seconds)
            case "slo-burn-rate":
                slo = self.slo or BurnRate()
                return (
                    *_requests_and_errors(placeholders, period_seconds, slo.long_window, "_long"),
                    *_requests_and_errors(placeholders, period_seconds, slo.short_window, "_short"),
                )
            case "latency-p50" | "latency-p90" | "latency-p99" | "target-response" | "cpu" | "memory" | "cloudwatch":
                query = self._query(self.preset, placeholders, period_seconds)
                value = MetricRequest("value", query, window_seconds, _fold(query.statistic))
                counts = _requests_and_errors(placeholders, period_seconds, window_seconds, "")
                return (value, *(counts[:1] if self.with_requests else ()))
            case _:
                assert_never(self.preset)

    def sample_queries(self, placeholders: Placeholders, period_seconds: int) -> tuple[CloudWatchQuery, ...]:
        """Return the queries of an analysis, which takes one sample for each period.

        A rate has one query for each kind of error and, last, one for the requests; any other metric has one query.
        """
        match self.preset:
            case "error-rate" | "slo-burn-rate" | "failed-requests" | "target-errors":
                requests, *errors = _requests_and_errors(placeholders, period_seconds, period_seconds, "")
                return tuple(request.query for request in (*errors, requests))
            case "latency-p50" | "latency-p90" | "latency-p99" | "target-response" | "cpu" | "memory" | "cloudwatch":
                return (self._query(self.preset, placeholders, period_seconds),)
            case _:
                assert_never(self.preset)

    def _query(self, preset: _SingleMetric, placeholders: Placeholders, period: int) -> CloudWatchQuery:
        match preset:
            case "latency-p50" | "latency-p90" | "latency-p99":
                return _load_balancer_query(placeholders, "TargetResponseTime", preset.removeprefix("latency-"), period)
            case "target-response":
                return _load_balancer_query(placeholders, "TargetResponseTime", "Average", period)
            case "cpu":
                return _service_query(placeholders, "CPUUtilization", period)
            case "memory":
                return _service_query(placeholders, "MemoryUtilization", period)
            case "cloudwatch":
                assert self.metric is not None, "validated with the configuration"
                metric = self.metric
                dimensions = tuple(
                    (name, fill(value, placeholders)) for name, value in sorted(metric.dimensions.items())
                )
                return CloudWatchQuery(metric.namespace, metric.name, dimensions, metric.statistic, period)
            case _:
                assert_never(preset)


def _requests_and_errors(
    placeholders: Placeholders, period: int, window: float, suffix: str
) -> tuple[MetricRequest[CloudWatchQuery], ...]:
    # A target that refuses a connection sends no response: the user gets a 502 that no target metric counts.
    names = (
        ("requests", "RequestCount"),
        ("errors", "HTTPCode_Target_5XX_Count"),
        ("connection_errors", "TargetConnectionErrorCount"),
    )
    return tuple(
        MetricRequest(f"{name}{suffix}", _load_balancer_query(placeholders, metric, "Sum", period), window, "sum")
        for name, metric in names
    )


def _requests_and_answers(
    placeholders: Placeholders, period: int, window: float
) -> tuple[MetricRequest[CloudWatchQuery], ...]:
    # The load balancer's own 502, 503 and 504, after a reset or a hang, are no metric of the target group. So what
    # failed is what is missing in the answers.
    names = (("requests", "RequestCount"), *((f"answers_{n}xx", f"HTTPCode_Target_{n}XX_Count") for n in (2, 3, 4)))
    return tuple(
        MetricRequest(name, _load_balancer_query(placeholders, metric, "Sum", period), window, "sum")
        for name, metric in names
    )


def _load_balancer_query(placeholders: Placeholders, metric: str, statistic: str, period: int) -> CloudWatchQuery:
    dimensions = (("LoadBalancer", placeholders["load_balancer"]), ("TargetGroup", placeholders["target_group"]))
    return CloudWatchQuery("AWS/ApplicationELB", metric, dimensions, statistic, period)


def _service_query(placeholders: Placeholders, metric: str, period: int) -> CloudWatchQuery:
    dimensions = (("ClusterName", placeholders["cluster"]), ("ServiceName", placeholders["service"]))
    return CloudWatchQuery("AWS/ECS", metric, dimensions, "Average", period)


def _fold(statistic: str) -> Fold:
    if statistic in ("Sum", "SampleCount"):
        return "sum"
    if statistic == "Minimum":
        return "min"
    # The percentiles of several periods cannot be combined, so the gate uses the largest.
    return "mean" if statistic == "Average" else "max"
