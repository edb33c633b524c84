"""One deployment as a pipeline would run it: `cutover --json deploy`, read line by line."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Deployment:
    """How it ended: exit code, the last status object, and seconds by phase."""

    exit_code: int
    status: dict[str, Any]
    phases: dict[str, float]


def deploy(
    project: Path,
    environment: dict[str, str],
    on_traffic: Callable[[], None] | None,
    on_pause: Callable[[], None] | None,
) -> Deployment:
    """Deploy what `project` describes.

    `on_traffic` is called once the candidate has its first traffic, `on_pause` when the deployment waits for a person.
    """
    driver = subprocess.Popen(
        [sys.executable, "-m", "cutover.cli.main", "--project", str(project), "-e", "local", "--json", "deploy"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdout is not None
    events: list[dict[str, Any]] = []
    status: dict[str, Any] = {}
    for line in driver.stdout:
        told = json.loads(line)
        if "event" not in told:
            status = told
        elif told["event"] != "look":
            events.append(told)
            print(f"    {told['at'][11:19]}  {told['phase']:<13} {told['message']}", flush=True)
            if on_traffic is not None and told["event"] == "outcome" and told["traffic"]:
                on_traffic()
                on_traffic = None
            if on_pause is not None and told["event"] == "paused":
                on_pause()
    return Deployment(driver.wait(), status, _by_phase(events))


def _by_phase(events: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds from each event to the next, counted to the phase that the event began."""
    spent: dict[str, float] = {}
    for event, following in itertools.pairwise(events):
        seconds = (datetime.fromisoformat(following["at"]) - datetime.fromisoformat(event["at"])).total_seconds()
        spent[event["phase"]] = spent.get(event["phase"], 0.0) + seconds
    return spent
