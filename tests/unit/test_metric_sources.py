"""Adding a metric source takes four files: these tests fail if one of them is forgotten.

1. `cutover/config/sources/<source>.py`: its section of the configuration, its query, how late its data are;
2. `cutover/config/gates.py`: its name in `Preset` and `SOURCES`, its query in `MetricQuery`, its key in `MetricGate`;
3. `cutover/adapters/metrics/<source>.py`: everything that talks to the vendor;
4. `cutover/adapters/metrics/registry.py`: its case, without which mypy fails.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from cutover import operations
from cutover.adapters.http import HttpResponse
from cutover.adapters.metrics import prometheus, registry
from cutover.adapters.metrics.cloudwatch import read_cloudwatch
from cutover.adapters.metrics.registry import MetricSources
from cutover.adapters.session import Session
from cutover.config import sources
from cutover.config.gates import SOURCES, MetricGate, MetricQuery
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.domain import Status
from cutover.domain.errors import TransientFailure
from cutover.ports import Points
from support.fakes import InMemoryEnvironment, config_for
from support.files import GOOD, refusal
from support.recipes import files_beside, imports_of

SECTIONS: dict[str, dict[str, Any]] = {
    "cloudwatch": {"metric": {"namespace": "Shop", "name": "Orders", "statistic": "Sum"}},
    "prometheus": {"prometheus": {"address": "http://p:9090", "query": "up"}},
}


def gate(source: str, **changes: object) -> MetricGate:
    return MetricGate.model_validate({"preset": source, "at_least": 1, **SECTIONS[source], **changes})


def refused_gate(**gate: object) -> str:
    return refusal(GOOD + f"  cutover:gates: {{metrics: {{errors: {gate}}}}}\n")


def test_the_registry_imports_every_adapter_of_its_folder() -> None:
    adapters = {f"cutover.adapters.metrics.{name}" for name in files_beside(registry, except_for=("registry",))}
    assert adapters - imports_of(registry) == set()


def test_every_source_of_the_configuration_has_an_adapter_and_a_file_of_its_own() -> None:
    assert files_beside(registry, except_for=("registry",)) == set(SOURCES)
    assert files_beside(sources, except_for=("request",)) == set(SOURCES)


def test_every_source_has_a_query_of_its_own_that_the_registry_matches() -> None:
    modules = {query.__module__ for query in get_args(MetricQuery)}
    assert modules == {f"cutover.config.sources.{source}" for source in SOURCES}
    assert modules - imports_of(registry) == set()


@pytest.mark.parametrize("source", SOURCES)
def test_a_gate_takes_its_source_and_its_delay_from_the_vendors_file(source: str) -> None:
    assert type(gate(source).source).__module__ == f"cutover.config.sources.{source}"
    assert gate(source).delay_seconds == gate(source).source.delay_seconds
    assert gate(source, delay="5s").delay_seconds == 5.0


def test_the_default_delay_is_three_minutes_for_cloudwatch_and_none_for_prometheus() -> None:
    assert (gate("cloudwatch").delay_seconds, gate("prometheus").delay_seconds) == (180.0, 0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"preset": "failed-requests"},
        {"preset": "cloudwatch", "metric": {"namespace": "AWS/SQS", "name": "Age", "statistic": "Maximum"}},
    ],
)
def test_a_period_of_less_than_a_minute_is_refused_for_the_metrics_of_aws(changes: dict[str, object]) -> None:
    message = refused_gate(at_most=1, period="10s", **changes)
    assert "gates.metrics.errors.period: must be a multiple of 60s" in message


def test_a_period_of_less_than_a_minute_is_valid_for_a_metric_of_ones_own_and_in_the_local_cloud() -> None:
    own = SECTIONS["cloudwatch"] | {"preset": "cloudwatch", "at_least": 1, "period": "10s"}
    config_for("v1", gates={"metrics": {"orders": own}})
    quick = {"preset": "failed-requests", "at_most": 1, "period": "1s"}
    local = {"region": "eu-west-1", "account_id": "123456789012", "endpoint": "http://127.0.0.1:1", "time_scale": 60}
    config_for("v1", gates={"metrics": {"errors": quick}}, provider=local)


def test_a_period_of_an_analysis_is_a_multiple_of_a_minute_too() -> None:
    with pytest.raises(ValueError, match=r"gates\.analysis\.period: must be a multiple of 60s"):
        config_for("v1", gates={"analysis": {"period": "1s", "metrics": {"latency": {"preset": "latency-p50"}}}})


def test_a_time_scale_is_only_for_the_local_cloud() -> None:
    with pytest.raises(ValueError, match="time_scale needs an endpoint"):
        config_for("v1", provider={"region": "eu-west-1", "account_id": "123456789012", "time_scale": 60})


class CloudWatchPages:
    """A session whose CloudWatch answers GetMetricData with these pages."""

    def __init__(self, *pages: tuple[str, float | None]) -> None:
        self.cloudwatch, self.pages = self, pages

    def get_paginator(self, name: str) -> "CloudWatchPages":
        assert name == "get_metric_data"
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [
            {
                "MetricDataResults": [
                    {
                        "Id": "q0",
                        "StatusCode": status,
                        "Timestamps": [NOW] if value is not None else [],
                        "Values": [value] if value is not None else [],
                    }
                ]
            }
            for status, value in self.pages
        ]


NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = CloudWatchQuery("Shop", "Orders", (), "Sum", 60)


def read_pages(*pages: tuple[str, float | None]) -> tuple[Points, ...]:
    return read_cloudwatch(CloudWatchPages(*pages), (ORDERS,), NOW, NOW)  # type: ignore[arg-type]


def test_a_page_with_partial_data_is_followed_by_the_rest() -> None:
    assert read_pages(("PartialData", None), ("Complete", 3.0)) == (((NOW, 3.0),),)


@pytest.mark.parametrize("status", ["InternalError", "PartialData", "Forbidden"])
def test_data_that_cloudwatch_could_not_read_in_full_are_no_answer(status: str) -> None:
    with pytest.raises(TransientFailure, match=f"Shop Orders is not complete: {status}"):
        read_pages((status, 3.0))


def test_a_query_that_cloudwatch_does_not_answer_is_no_missing_data() -> None:
    with pytest.raises(TransientFailure, match="is not complete"):
        read_pages()


def test_an_unknown_source_is_refused_with_its_path_and_the_known_sources() -> None:
    message = refused_gate(preset="datadog", at_most=1)
    assert "gates.metrics.errors.preset: is not a metric source" in message
    assert "the sources are cloudwatch, prometheus" in message
    assert "presets error-rate, failed-requests" in message


def test_a_section_of_an_unknown_source_is_refused_with_its_path() -> None:
    assert "gates.metrics.errors.datadog: unknown key" in refused_gate(preset="datadog", at_most=1, datadog={})


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_without_its_section_is_refused(source: str) -> None:
    (section,) = SECTIONS[source]
    message = refused_gate(preset=source, at_most=1)
    assert f"the preset {source} and the section {section} go together" in message


@pytest.mark.parametrize(
    "answer",
    [
        "[]",
        "7",
        "null",
        "[" * 100_000,
        '{"status": "success"}',
        '{"status": "success", "data": null}',
        '{"status": "success", "data": {"resultType": "vector"}}',
        '{"status": "success", "data": {"resultType": "vector", "result": [1, 2]}}',
        '{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1]}]}}',
        '{"status": "success", "data": {"resultType": "scalar", "result": "none"}}',
        '{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "many"]}]}}',
    ],
)
def test_odd_json_in_place_of_prometheus_is_a_gate_in_error(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "request", lambda *_, **__: HttpResponse(200, answer))
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    odd = {"preset": "prometheus", "at_most": 1, "prometheus": {"address": "http://p:9090", "query": "up"}}
    gates = {"metrics": {"odd": odd | {"interval": "10s", "errors": 2}}}
    sources = MetricSources(Session(environment.driver("v2").config.provider))
    execution = operations.deploy(replace(environment.driver("v2", gates=gates), metrics=sources))
    assert execution is not None
    assert (execution.status, execution.error and execution.error.code) == (Status.ROLLED_BACK, "GATE_ERROR")
    assert execution.error is not None
    assert "http://p:9090" in execution.error.message
    assert "3 times in a row, 2 are allowed" in execution.error.message
