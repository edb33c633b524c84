"""Runs cutover's commands for the demo, each in a process of its own, as a pipeline or a person runs them."""

import itertools
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cutover.domain.errors import CutoverError

_CUTOVER = (sys.executable, "-m", "cutover.cli.main")


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a deployment ended: exit code, last status object, and seconds for each phase."""

    exit_code: int
    status: dict[str, Any]
    phases: dict[str, float]


def run_verb(folder: Path, variables: dict[str, str], *arguments: str) -> None:
    """Run a verb of cutover in `folder`.

    Raises:
        CutoverError: the exit code is not 0.
    """
    command = [*_CUTOVER, "-e", "local", *arguments]
    ended = subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, check=False)
    if ended.returncode != 0:
        verb = shlex.join(["cutover", "-e", "local", *arguments])
        raise CutoverError("DEMO_STOPPED", f"the demo stopped: `{verb}` ended with exit code {ended.returncode}")


def deploy(
    folder: Path,
    variables: dict[str, str],
    on_traffic: Callable[[], None] | None,
    on_pause: Callable[[], None] | None,
) -> Deployment:
    """Deploy the project in `folder`, and print each event.

    `on_traffic` is called once, when the candidate has its first traffic; `on_pause` each time the deployment reports
    that it waits for a person.
    """
    driver = subprocess.Popen(
        [*_CUTOVER, "-e", "local", "--json", "deploy"], cwd=folder, env=variables, stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    events: list[dict[str, Any]] = []
    status: dict[str, Any] = {}
    for text in driver.stdout:
        line = json.loads(text)
        if "event" not in line:
            status = line
        elif "phase" in line:  # an event of the journal; the other lines are verdicts of gates
            events.append(line)
            print(f"    {line['at'][11:19]}  {line['phase']:<13} {line['message']}", flush=True)
            if on_traffic is not None and line["event"] == "outcome" and line["traffic"]:
                on_traffic()
                on_traffic = None
            if on_pause is not None and line["event"] == "paused":
                on_pause()
    return Deployment(driver.wait(), status, _seconds_by_phase(events))


class Promoter:
    """Promotes the deployment in progress from a second process, once, and does not wait for it."""

    _ARGUMENTS = ("-e", "local", "promote", "--reason", "the error rate is low")

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder, self._variables = folder, variables
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def command_line(self) -> str:
        """The command as a person types it."""
        return shlex.join(["cutover", *self._ARGUMENTS])

    def start(self) -> bool:
        """Start the second process. Return False if it has been started before."""
        if self._process is not None:
            return False
        self._process = subprocess.Popen(
            [*_CUTOVER, *self._ARGUMENTS], cwd=self._folder, env=self._variables, stdout=subprocess.DEVNULL
        )
        return True


def _seconds_by_phase(events: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds from each event to the next, counted for the phase of the earlier event."""
    spent: dict[str, float] = {}
    for event, following in itertools.pairwise(events):
        seconds = (datetime.fromisoformat(following["at"]) - datetime.fromisoformat(event["at"])).total_seconds()
        spent[event["phase"]] = spent.get(event["phase"], 0.0) + seconds
    return spent
