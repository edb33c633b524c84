"""Adding a metric source takes four files: these tests fail if one of them is forgotten.

1. `cutover/config/sources/<source>.py`: its section of the configuration, its query, how late its data are;
2. `cutover/config/gates.py`: its name in `Preset` and `SOURCES`, its query in `MetricQuery`, its key in `MetricGate`;
3. `cutover/adapters/metrics/<source>.py`: everything that talks to the vendor;
4. `cutover/adapters/metrics/registry.py`: its case, without which mypy fails.
"""

from typing import Any, get_args

import pytest

from cutover.adapters.metrics import registry
from cutover.config import sources
from cutover.config.gates import SOURCES, MetricGate, MetricQuery
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


def test_the_default_delay_is_one_minute_for_cloudwatch_and_none_for_prometheus() -> None:
    assert (gate("cloudwatch").delay_seconds, gate("prometheus").delay_seconds) == (60.0, 0.0)


def test_an_unknown_source_is_refused_with_its_path_and_the_known_sources() -> None:
    message = refused_gate(preset="datadog", at_most=1)
    assert "gates.metrics.errors.preset: is not a metric source" in message
    assert "the sources are cloudwatch, prometheus" in message
    assert "presets error-rate, latency-p50" in message


def test_a_section_of_an_unknown_source_is_refused_with_its_path() -> None:
    assert "gates.metrics.errors.datadog: unknown key" in refused_gate(preset="datadog", at_most=1, datadog={})


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_without_its_section_is_refused(source: str) -> None:
    (section,) = SECTIONS[source]
    message = refused_gate(preset=source, at_most=1)
    assert f"the preset {source} and the section {section} go together" in message
