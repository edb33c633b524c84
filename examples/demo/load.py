"""A load generator: sends requests to a URL at a constant rate and counts the result of each.

The rate does not depend on the answers (open loop). The latency of a request counts from the time when it was due, and
no request is left out, so a stall shows in the percentiles (this avoids "coordinated omission").

As a process: `python -m cutover.examples.demo.load --url URL --rate 150 --out FILE [--duration S]`. On SIGTERM or
SIGINT it waits for the open requests, then writes its summary as JSON.
"""

import argparse
import asyncio
import json
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

TIMEOUT_SECONDS = 10.0
_MOST_REASONS = 2000  # failures in the summary; the rest are only counted


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a 2xx answer: its time (seconds since the epoch), the reason, and who answered.

    `version` is the version of the task that answered; None if no task did.
    """

    at: float
    reason: str
    version: str | None = None


@dataclass(slots=True)
class Tally:
    """The results of the requests in one window of time. Latencies are seconds from the time when a request was due."""

    label: str = "all"
    began: float = field(default_factory=time.time)
    sent: int = 0
    failed: int = 0
    by_version: Counter[str] = field(default_factory=Counter)
    failed_by_version: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    ended: float | None = None

    def count(self, latency: float, *, status: int | None, version: str | None, reason: str | None) -> None:
        """Add one request with its latency in seconds; `reason` is None if the status was 2xx."""
        self.sent += 1
        self.latencies.append(latency)
        self.by_status["none" if status is None else str(status)] += 1
        if version is not None and reason is None:
            self.by_version[version] += 1
        if reason is not None:
            self.failed += 1
            self.failed_by_version[version or "no version"] += 1
            if len(self.failures) < _MOST_REASONS:
                self.failures.append(Failure(time.time(), reason, version))

    def summary(self) -> dict[str, object]:
        """Return the tally for JSON: counts, latencies in milliseconds, requests per second, times in epoch seconds."""
        ended = self.ended or time.time()
        ordered = sorted(self.latencies)
        return {
            "label": self.label,
            "sent": self.sent,
            "failed": self.failed,
            "by_version": dict(self.by_version),
            "failed_by_version": dict(self.failed_by_version),
            "by_status": dict(self.by_status),
            "latency_ms": {"p50": _percentile(ordered, 50), "p99": _percentile(ordered, 99)},
            "achieved_rate": round(self.sent / max(ended - self.began, 1e-9), 1),
            "began": self.began,
            "ended": ended,
            "failures": [{"at": failure.at, "reason": failure.reason} for failure in self.failures],
        }


class LoadGenerator:
    """Sends `rate` requests per second from a thread of its own, between `start` and `stop`.

    Raises:
        ValueError: the rate is not above 0.
    """

    def __init__(self, url: str, rate: float, *, timeout: float = TIMEOUT_SECONDS) -> None:
        if rate <= 0:
            raise ValueError(f"rate must be above 0 requests per second, not {rate}")
        self._url, self._rate, self._timeout = url, rate, timeout
        self._lock = threading.Lock()
        self._total = Tally()
        self._window = Tally("start")
        self._windows: list[Tally] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load", daemon=True)

    @property
    def running(self) -> bool:
        """Whether the generator has been started and not stopped."""
        return self._thread.is_alive()

    @property
    def failures(self) -> list[Failure]:
        """The first failures of the whole load."""
        with self._lock:
            return list(self._total.failures)

    def start(self) -> None:
        """Start to send requests."""
        with self._lock:
            self._total, self._window = Tally(), Tally("start")
        self._thread.start()

    def mark(self, label: str) -> dict[str, object]:
        """Start a window named `label`, and return the summary of the previous window."""
        with self._lock:
            ended, self._window = self._window, Tally(label)
            ended.ended = self._window.began
            self._windows.append(ended)
            return ended.summary()

    def stop(self) -> dict[str, object]:
        """Stop sending, wait for the open requests, and return the summary of the whole load with its windows."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            self._window.ended = self._total.ended = self._total.ended or time.time()
            windows = [tally.summary() for tally in (*self._windows, self._window)]
            return self._total.summary() | {"windows": windows}

    def wait(self, seconds: float | None) -> None:
        """Wait for `seconds` (None: without a limit), or until `request_stop` is called."""
        self._stopping.wait(seconds)

    def request_stop(self) -> None:
        """Make `wait` return; safe in a signal handler."""
        self._stopping.set()

    async def _run(self) -> None:
        open_requests: set[asyncio.Task[None]] = set()
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=15)
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            loop = asyncio.get_running_loop()
            due = loop.time()
            while not self._stopping.is_set():
                while due <= loop.time():
                    task = loop.create_task(self._send(session, due))
                    open_requests.add(task)
                    task.add_done_callback(open_requests.discard)
                    due += 1 / self._rate
                await asyncio.sleep(min(max(due - loop.time(), 0.0), 0.05))
            with self._lock:
                self._total.ended = time.time()
            await asyncio.gather(*open_requests)

    async def _send(self, session: aiohttp.ClientSession, due: float) -> None:
        status: int | None = None
        version: str | None = None
        try:
            async with session.get(self._url, allow_redirects=False) as answer:
                body = await answer.read()
                status = answer.status
                version = answer.headers.get("X-Version") or _version_in(body)
                reason = None if 200 <= status < 300 else f"HTTP {status}"
        except TimeoutError:
            reason = f"no answer in {self._timeout:g} s"
        except (aiohttp.ClientError, OSError) as error:
            reason = f"{type(error).__name__}: {error}"
        latency = asyncio.get_running_loop().time() - due
        with self._lock:
            for tally in (self._total, self._window):
                tally.count(latency, status=status, version=version, reason=reason)


def main(arguments: list[str] | None = None) -> int:
    """Generate load until the duration is over or a signal arrives; returns 0 if no request failed, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m cutover.examples.demo.load", description="Constant-rate load on a URL."
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, required=True, help="requests per second")
    parser.add_argument("--out", type=Path, required=True, help="file for the summary, as JSON")
    parser.add_argument("--duration", type=float, default=None, help="seconds; by default until SIGTERM or SIGINT")
    options = parser.parse_args(arguments)
    generator = LoadGenerator(options.url, options.rate)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: generator.request_stop())
    generator.start()
    generator.wait(options.duration)
    summary = generator.stop()
    _write_whole(options.out, json.dumps(summary, indent=1))
    return 0 if summary["failed"] == 0 else 1


def _version_in(body: bytes) -> str | None:
    """The `version` of a JSON object; None for any other body."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return None
    return str(parsed["version"]) if isinstance(parsed, dict) and "version" in parsed else None


def _percentile(ordered: list[float], percent: int) -> float | None:
    """The percentile by nearest rank, in milliseconds; None without samples."""
    if not ordered:
        return None
    rank = -(-len(ordered) * percent // 100)
    return round(ordered[max(rank - 1, 0)] * 1000, 2)


def _write_whole(path: Path, text: str) -> None:
    """Replace the file in one step, so that no reader sees a part of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    raise SystemExit(main())
