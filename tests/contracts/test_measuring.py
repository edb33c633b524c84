"""CloudWatch's alarms on the local cloud, and metrics of a real Prometheus server."""

import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cutover.adapters.alarms import CloudWatchAlarms
from cutover.adapters.metrics.registry import MetricSources
from cutover.adapters.session import Session
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.config.sources.prometheus import PrometheusQuery
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.localcloud.faults import THROTTLE, Fault
from cutover.localcloud.server import LocalCloud
from tools.setup.prometheus import binary


def test_a_throttled_read_is_transient(session: Session, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutover.adapters.session._ATTEMPTS", 1)
    cloud.faults.add(Fault("monitoring", THROTTLE, times=20))
    now = datetime.now(UTC)
    query = CloudWatchQuery("Shop", "Orders", (), "Sum", 60)
    try:
        with pytest.raises(TransientFailure):
            MetricSources(Session(session.provider)).read((query,), now - timedelta(minutes=1), now)
    finally:
        cloud.faults.clear()


def test_alarms_have_the_state_of_cloudwatch_and_missing_ones_are_left_out(session: Session) -> None:
    alarm: dict[str, Any] = {
        "Namespace": "Shop",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 10,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    session.cloudwatch.put_metric_alarm(AlarmName="errors", **alarm)
    for seconds in (0, 10, 20):
        now = datetime.now(UTC) - timedelta(seconds=seconds)
        session.cloudwatch.put_metric_data(
            Namespace="Shop", MetricData=[{"MetricName": "Errors", "Timestamp": now, "Value": 9.0}]
        )
    session.cloudwatch.put_composite_alarm(AlarmName="whole", AlarmRule="ALARM(errors)")
    deadline = time.monotonic() + 10
    states_by_name = {}
    while time.monotonic() < deadline and states_by_name.get("whole") != "ALARM":
        states = CloudWatchAlarms(session).states(["errors", "whole", "nobody"])
        states_by_name = {state.name: state.state for state in states}
        time.sleep(0.2)
    assert states_by_name == {"errors": "ALARM", "whole": "ALARM"}


class Exporter(http.server.BaseHTTPRequestHandler):
    """What a service exports to Prometheus."""

    def do_GET(self) -> None:
        body = b'shop_errors{version="v2"} 3\nshop_errors{version="v1"} 1\n'
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Write no log."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server that has scraped the exporter."""
    program = shutil.which("prometheus") or str(binary())
    if not Path(program).exists():
        if os.environ.get("CI"):
            pytest.fail("no Prometheus server, and CI must have one: tools/setup/prometheus.py")
        pytest.skip("no Prometheus server here: `apt-get install prometheus`, then run this again")
    exporter = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=exporter.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("prometheus")
    target = f"127.0.0.1:{exporter.server_port}"
    settings = (
        f"scrape_configs:\n- job_name: shop\n  scrape_interval: 1s\n  static_configs: [{{targets: ['{target}']}}]\n"
    )
    (folder / "prometheus.yml").write_text(settings)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [program, *arguments, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log, cwd=folder
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _until_scraped(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(20)
        exporter.shutdown()
        exporter.server_close()


def _until_scraped(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if read(address, "sum(shop_errors)"):
                return
        except TransientFailure:
            # It does not listen yet.
            pass
        time.sleep(0.2)
    raise AssertionError("Prometheus did not scrape within 30 s")


def read(address: str, promql: str) -> list[float]:
    # A query of Prometheus needs no session.
    now = datetime.now(UTC)
    (points,) = MetricSources(None).read((PrometheusQuery(address, promql),), now, now)  # type: ignore[arg-type]
    return [value for _, value in points]


def test_a_real_prometheus_gives_one_number(prometheus: str) -> None:
    assert read(prometheus, 'shop_errors{version="v2"}') == [3.0]
    assert read(prometheus, "scalar(sum(shop_errors))") == [4.0]


@pytest.mark.parametrize("promql", ['shop_errors{version="v9"}', "0 / 0"])
def test_an_empty_result_and_nan_are_no_data(prometheus: str, promql: str) -> None:
    assert read(prometheus, promql) == []


def test_many_series_and_an_invalid_query_are_refused_with_prometheus_own_error(prometheus: str) -> None:
    with pytest.raises(StepFailed, match="returns 2 series"):
        read(prometheus, "shop_errors")
    with pytest.raises(StepFailed, match="parse error"):
        read(prometheus, "sum(")


def test_a_prometheus_that_does_not_answer_is_transient() -> None:
    with pytest.raises(TransientFailure):
        read("http://127.0.0.1:9", "up")
