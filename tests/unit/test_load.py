"""The load generator counts the result of every request to a small server."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cutover.examples.demo.load import LoadGenerator


class Server(ThreadingHTTPServer):
    daemon_threads = True
    status, version, stall = 200, "1", 0.0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        time.sleep(self.server.stall)
        body = json.dumps({"version": self.server.version}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/"


def test_every_request_is_counted_by_version_in_its_window(server: Server) -> None:
    generator = LoadGenerator(url(server), 100)
    generator.start()
    time.sleep(0.5)
    first = generator.mark("second")
    server.version = "2"
    time.sleep(0.5)
    total = generator.stop()
    assert first["by_version"] == {"1": first["sent"]}
    assert total["failed"] == 0
    windows = total["windows"]
    assert isinstance(windows, list)
    assert sum(window["sent"] for window in windows) == total["sent"] >= 80
    assert windows[1]["by_version"]["2"] >= 30


def test_an_error_answer_is_a_failure_with_its_reason(server: Server) -> None:
    server.status = 500
    generator = LoadGenerator(url(server), 50)
    generator.start()
    time.sleep(0.3)
    total = generator.stop()
    assert total["failed"] == total["sent"] > 0
    assert total["by_version"] == {}
    assert total["failures"][0]["reason"] == "HTTP 500"  # type: ignore[index]


def test_a_refused_connection_is_a_failure() -> None:
    generator = LoadGenerator("http://127.0.0.1:9/", 50)
    generator.start()
    time.sleep(0.2)
    total = generator.stop()
    assert total["failed"] == total["sent"] > 0
    assert total["by_status"] == {"none": total["sent"]}


def test_a_slow_server_does_not_slow_the_rate(server: Server) -> None:
    server.stall = 0.5
    generator = LoadGenerator(url(server), 50)
    generator.start()
    time.sleep(1.0)
    total = generator.stop()
    assert total["sent"] >= 40
    assert total["latency_ms"]["p50"] >= 500  # type: ignore[index]


def test_a_signal_ends_the_process_with_its_summary(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "load.json"
    command = [
        sys.executable,
        "-m",
        "cutover.examples.demo.load",
        "--url",
        url(server),
        "--rate",
        "50",
        "--out",
        str(out),
    ]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    time.sleep(2.0)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(10) == 0
    assert json.loads(out.read_text())["sent"] > 0
