"""A soak: five deployments under load while the local cloud is in a storm.

`make soak MINUTES=10 SEED=1` runs it; it is no part of the tests. It ends with exit code 1 if a request failed that
neither the application nor a failing zone caused, or if an execution has not ended.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover.cli.local.cloud import variables as local_variables
from cutover.composition import load_balancer_url
from cutover.examples.demo.commands import deploy, run_verb
from cutover.examples.demo.load import Failure, LoadGenerator
from cutover.examples.demo.project import create_project, write_scenario
from cutover.examples.demo.run import build_image
from cutover.examples.demo.scenarios import Scenario
from cutover.localcloud import process

RATE = 100.0  # requests per second
DEPLOYMENTS = 5
ZONE_EFFECT = 5.0
"""Seconds after the start of a zone's failure in which a request can fail because of it: then its targets are gone."""
ZONE_FAILS_BEFORE = 2
"""Number of deployments before the one during which a zone fails, whatever else the seed makes fail."""
ENDED = frozenset({"COMPLETED", "ROLLED_BACK", "FAILED"})
_BLUE_GREEN = {"kind": "blue-green", "bake": "5s"}
_CANARY = {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"pause": "5s"}, {"weight": 50}]}, "bake": "2s"}


@dataclass(frozen=True, slots=True)
class Soak:
    """What happened: the status of each execution, failed requests by cause, and the examples of unexplained ones."""

    sent: int
    executions: tuple[str, ...]
    causes: Mapping[str, int]
    unexplained: tuple[str, ...]
    zone_failures: int = 0

    @property
    def passed(self) -> bool:
        """Whether a zone failed, every execution ended and every failed request has a cause."""
        ended = set(self.executions) <= ENDED and len(self.executions) > DEPLOYMENTS
        return ended and not self.unexplained and self.zone_failures > 0


def cause_of(failure: Failure, outages: Iterable[Mapping[str, Any]]) -> str | None:
    """Return `application` for an answer of a task, `zone` for a failure soon after a zone failed, else None."""
    if failure.version is not None:
        return "application"
    if any(outage["began"] <= failure.at <= outage["began"] + ZONE_EFFECT for outage in outages):
        return "zone"
    return None


def run(folder: Path, minutes: float, seed: int) -> Soak:
    """Run the soak in a local cloud of its own."""
    running = process.up(folder / "cloud", port=0, seed=seed)
    try:
        variables = {**os.environ, **local_variables(folder / "cloud", running), "CUTOVER_LOCAL": str(folder / "cloud")}
        return _run(folder / "project", running, variables, minutes=minutes, seed=seed)
    finally:
        process.down(folder / "cloud")


def _run(project: Path, running: process.Status, variables: dict[str, str], *, minutes: float, seed: int) -> Soak:
    create_project(project, running.endpoint)
    run_verb(project, variables, "bootstrap")
    scenarios = [_scenario(number) for number in range(DEPLOYMENTS + 1)]
    for scenario in scenarios:
        build_image(project, variables, scenario)
    write_scenario(project, scenarios[0])
    deploy(project, variables, None, None)
    load = LoadGenerator(f"{load_balancer_url(running.endpoint, 'shop-local')}/", RATE)
    load.start()
    process.request_weather(running, "storm", seed)
    began = time.monotonic()
    for number, scenario in enumerate(scenarios[1:]):
        time.sleep(max(0.0, began + number * minutes * 60 / DEPLOYMENTS - time.monotonic()))
        print(f"▸ {time.monotonic() - began:.0f} s: deploy {scenario.version}", flush=True)
        write_scenario(project, scenario)
        if number == ZONE_FAILS_BEFORE:
            process.request_fault(running, {"kind": "zone-failure", "service": f"{running.region}a"})
        deploy(project, variables, None, None)
        _resume_what_has_not_ended(project, variables)
    time.sleep(max(0.0, began + minutes * 60 - time.monotonic()))
    process.request_weather(running, "aws", seed)
    _resume_what_has_not_ended(project, variables)
    summary = load.stop()
    return _judged(summary, load.failures, process.details(running)["outages"], _statuses(project, variables))


def _judged(
    summary: Mapping[str, Any], failures: Iterable[Failure], outages: list[dict[str, Any]], statuses: tuple[str, ...]
) -> Soak:
    causes: Counter[str] = Counter()
    unexplained: list[str] = []
    for failure in failures:
        cause = cause_of(failure, outages)
        causes[cause or "unexplained"] += 1
        if cause is None:
            unexplained.append(f"{time.strftime('%H:%M:%S', time.localtime(failure.at))} {failure.reason}")
    return Soak(int(summary["sent"]), statuses, causes, tuple(unexplained), len(outages))


def _scenario(number: int) -> Scenario:
    return Scenario(f"1.{number}.0", "soak", 0, strategy=_CANARY if number % 2 else _BLUE_GREEN)


def _resume_what_has_not_ended(project: Path, variables: dict[str, str]) -> None:
    """Resume once, as a pipeline does after a driver that gave up."""
    if not set(_statuses(project, variables)) <= ENDED:
        _cutover(project, variables, "resume")


def _statuses(project: Path, variables: dict[str, str]) -> tuple[str, ...]:
    """The status of every execution, newest first; asks again while the storm hides it."""
    for _ in range(10):
        if (history := _cutover(project, variables, "history")) is not None:
            return tuple(str(execution["status"]) for execution in json.loads(history))
        time.sleep(1.0)
    raise RuntimeError("`cutover history` failed ten times")


def _cutover(project: Path, variables: dict[str, str], verb: str) -> str | None:
    """The output of a verb, or None if it failed."""
    command = [sys.executable, "-m", "cutover.cli.main", "-e", "local", "--json", verb]
    ended = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)
    return ended.stdout if ended.returncode == 0 else None


def main() -> int:
    """Run the soak and print its result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        soak = run(Path(folder), options.minutes, options.seed)
    print(f"{options.minutes:g} minutes of storm with seed {options.seed}, {soak.zone_failures} failures of a zone")
    print(f"requests: {soak.sent}")
    print(f"executions, newest first: {', '.join(soak.executions)}")
    print(f"failed requests by cause: {dict(soak.causes) or 'none'}")
    for line in soak.unexplained[:50]:
        print(f"  unexplained: {line}")
    print("✔ passed" if soak.passed else "✘ failed")
    return 0 if soak.passed else 1


if __name__ == "__main__":
    sys.exit(main())
