"""The local cloud drops old data, after a time or above a count."""

from collections import deque
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cutover.localcloud.agent import retention
from cutover.localcloud.agent.records import Task
from cutover.localcloud.agent.retention import KEPT, Retention
from cutover.localcloud.backends import Call
from cutover.localcloud.metrics import store as metric_store
from cutover.localcloud.metrics.store import KEPT_SECONDS, MetricStore
from cutover.localcloud.response_cache import ResponseCache

START = datetime(2027, 1, 1, tzinfo=UTC)


class Ecs:
    """moto's ECS backend as far as retention reads it, with a clock that a test sets."""

    def __init__(self) -> None:
        self.now = START
        self.tasks: dict[str, dict[str, Any]] = {"c": {}}
        self.services: dict[str, Any] = {}
        self.clusters: dict[str, Any] = {"c": SimpleNamespace(status="ACTIVE")}
        self.task_definitions: dict[str, dict[int, Any]] = {}
        self.retention = Retention(self, lambda: self.now)

    def stop_task(self, arn: str) -> None:
        self.tasks["c"][arn] = Task(
            task_arn=arn, cluster_arn="c", cluster_name="c", task_definition_arn="d", group="service:s",
            started_by="1", launch_type=None, capacity_provider_name=None, platform_version=None, cpu=None,
            memory=None, enable_execute_command=False, containers=[], tags=[], stopped_at=self.now,
        )  # fmt: skip

    def define(self, family: str, revision: int, status: str) -> None:
        definition = SimpleNamespace(status=status, arn=f"{family}:{revision}")
        self.task_definitions.setdefault(family, {})[revision] = definition

    def after(self, time: timedelta) -> None:
        self.now += time
        self.retention.forget()


def test_a_stopped_task_is_kept_for_an_hour() -> None:
    ecs = Ecs()
    ecs.stop_task("t")
    ecs.after(KEPT)
    assert list(ecs.tasks["c"]) == ["t"]
    ecs.after(timedelta(seconds=1))
    assert list(ecs.tasks["c"]) == []


def test_the_newest_stopped_tasks_of_a_cluster_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "STOPPED_TASKS_OF_A_CLUSTER", 2)
    ecs = Ecs()
    for number in range(4):
        ecs.stop_task(f"t{number}")
        ecs.now += timedelta(seconds=1)
    ecs.retention.forget()
    assert list(ecs.tasks["c"]) == ["t2", "t3"]


def test_a_deleted_service_and_its_cluster_are_shown_for_an_hour() -> None:
    ecs = Ecs()
    ecs.services["c:s"] = SimpleNamespace(status="INACTIVE", deployments=[])
    ecs.clusters["c"].status = "INACTIVE"
    ecs.retention.forget()
    ecs.after(KEPT)
    assert (list(ecs.services), list(ecs.clusters)) == (["c:s"], ["c"])
    ecs.after(timedelta(seconds=1))
    assert (ecs.services, ecs.clusters, ecs.tasks) == ({}, {}, {})


def test_an_active_service_is_never_dropped() -> None:
    ecs = Ecs()
    ecs.services["c:s"] = SimpleNamespace(status="ACTIVE", deployments=[])
    ecs.retention.forget()
    ecs.after(10 * KEPT)
    assert list(ecs.services) == ["c:s"]


def test_the_newest_inactive_task_definitions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "INACTIVE_TASK_DEFINITIONS", 1)
    ecs = Ecs()
    for family in ("old", "used", "new"):
        ecs.define(family, 1, "INACTIVE")
    ecs.define("active", 1, "INACTIVE")
    ecs.define("active", 2, "ACTIVE")
    ecs.services["c:s"] = SimpleNamespace(status="ACTIVE", deployments=[{"taskDefinition": "used:1"}])
    ecs.retention.forget()
    kept = [definition.arn for revisions in ecs.task_definitions.values() for definition in revisions.values()]
    assert kept == ["used:1", "active:1", "active:2"]


def test_a_metric_without_new_values_is_dropped_after_three_hours() -> None:
    now = [1_000_000.0]
    store = MetricStore(lambda: now[0])
    store.record("n", "deleted", {}, [1.0])
    now[0] += KEPT_SECONDS + 60
    store.record("n", "live", {}, [1.0])
    assert [metric.name for metric in store.metrics()] == ["live"]


def test_the_newest_values_of_a_metric_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_store, "MOST_VALUES", 5)
    store = MetricStore(lambda: 100.0)
    for second in range(4):
        store.record("n", "m", {}, [float(second)] * 2, at=float(second))
    (metric,) = store.metrics()
    assert [sample.at for sample in store.samples(metric, 0, 10)] == [2.0, 3.0]


@pytest.mark.parametrize(("name", "value"), [("MOST_RESPONSES", 2), ("MOST_BYTES", 20)])
def test_the_newest_responses_are_kept(monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    monkeypatch.setattr(f"cutover.localcloud.response_cache.{name}", value)
    cache = ResponseCache()
    bodies = deque([b"0" * 10, b"1" * 10, b"2" * 10])

    def app(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [])
        return [bodies.popleft()]

    calls = [Call("ecs", "DescribeServices", {"service": number}, "/") for number in range(3)]
    for call in calls:
        cache.forward(app, call, {})
    kept = [cache.last(call) for call in calls]
    assert [response and response.body for response in kept] == [None, (b"1" * 10,), (b"2" * 10,)]
