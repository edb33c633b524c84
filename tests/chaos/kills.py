"""Kills drivers, engines, supervisors and plugins at random times in real deployments, and checks what is left.

`make chaos` runs it with 100 kills. The same seed kills the same victims after the same times; the machine's load
decides what they are doing then.
"""

import json
import random
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3

from chaos.processes import MARK, Kind, kill, started_by
from support.leftovers import all_named
from support.shell import Ended, Shell

VICTIMS: tuple[Kind, ...] = ("driver", "driver", "engine", "plugin", "supervisor")
GRACE_SECONDS = 10.0
END_SECONDS = GRACE_SECONDS + 20.0
"""Time in which every process of a killed driver ends: the grace, and what a loaded machine needs."""
DRIVER_SECONDS = 420.0
"""Time in which a driver ends whose engine or plugin was killed: it retries, or rolls back."""
_ENDED = (0, 5)  # completed, rolled back
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: what was killed and when (seconds after the start), and the seconds until all processes had ended."""

    number: int
    verb: str
    victim: Kind
    after: float
    happened: bool
    code: int
    end_seconds: float
    result: str


class Chaos:
    """Runs one verb after the other, kills in each, and brings each to its end with `cutover resume`."""

    def __init__(self, shell: Shell, seed: int) -> None:
        self._shell, self._random, self._number = shell, random.Random(seed), 0
        self._version = 0

    def kill_once(self) -> Kill:
        """Run a deployment or a rollback with one kill; return after its end. The kill can come too late.

        Raises:
            AssertionError: a process did not end, or the execution did not.
        """
        self._number += 1
        verb = self._random.choice(("deploy", "deploy", "deploy a bad version", "rollback"))
        victim, after = self._random.choice(VICTIMS), self._random.uniform(0.0, 9.0)
        if verb != "rollback":
            self._version += 1
            behaviour = "unhealthy" if "bad" in verb else "good"
            self._shell.set_release(f"1.0.{self._version}", behaviour)
        mark = f"kill-{self._number}"
        marked = replace(self._shell, variables={**self._shell.variables, MARK: mark})
        driver = marked.start(verb.partition(" ")[0])
        happened = _kill(driver, mark, victim, after)
        started = time.monotonic()
        limit = END_SECONDS if victim == "driver" and happened else DRIVER_SECONDS
        try:
            out, _ = driver.communicate(timeout=limit)
            while left := started_by(mark):
                assert time.monotonic() < started + limit, f"{mark}: still running: {left}"
                time.sleep(_POLL)
            taken = time.monotonic() - started
        finally:
            for pid in started_by(mark):
                kill(pid)
        ended = self._resume_to_the_end(Ended(driver.returncode, out, ""))
        return Kill(self._number, verb, victim, after, happened, driver.returncode, taken, ended)

    def _resume_to_the_end(self, ended: Ended) -> str:
        """Resume until the execution has ended; how it ended, or `refused` if there was none."""
        for _ in range(3):
            status = self._shell.cutover("status").last
            if status["status"] in (None, "COMPLETED", "ROLLED_BACK"):
                return str(status["status"] or "refused")
            ended = self._shell.cutover("resume")
            if ended.code in _ENDED:
                return str(ended.last["status"])
        raise AssertionError(f"resume does not end the execution: {ended.code} {ended.out[-500:]} {ended.err[-500:]}")


def _kill(driver: "subprocess.Popen[str]", mark: str, victim: Kind, after: float) -> bool:
    """Kill the first process of that kind that exists `after` seconds from now; False if the driver ended before."""
    started = time.monotonic()
    while driver.poll() is None:
        if time.monotonic() >= started + after:
            for pid in [pid for pid, kind in started_by(mark).items() if kind == victim]:
                if kill(pid):
                    return True
        time.sleep(_POLL)
    return False


def clients(variables: Mapping[str, str]) -> Any:
    """boto3 clients of the local cloud, as attributes."""
    names = ("ecs", "elbv2", "logs", "iam", "ec2")
    session = boto3.Session("test", "test", region_name="eu-west-1")
    made = {name: session.client(name, endpoint_url=variables["AWS_ENDPOINT_URL"]) for name in names}  # type: ignore[call-overload]
    return type("Clients", (), made)


def standing(shell: Shell) -> set[str]:
    """The names of the releases that the ledger does not list as retired."""
    return {release["release"] for release in shell.cutover("releases").last_list if release["state"] != "RETIRED"}


def stacks(shell: Shell) -> set[str]:
    """The names of all Pulumi stacks."""
    return {stack["name"].rpartition("/")[2] for stack in json.loads(shell.run("pulumi", "stack", "ls", "--json").out)}


def orphans(shell: Shell) -> dict[str, list[str]]:
    """The AWS resources of releases that are not standing: first eight characters of the digest → names."""
    digests = {name[-8:] for name in standing(shell)}
    left: dict[str, list[str]] = defaultdict(list)
    for name in all_named("shop-", clients(shell.variables)):
        digest = re.search(r"shop-([0-9a-f]{8})", name)
        if digest is not None and digest.group(1) not in digests:
            left[digest.group(1)].append(name)
    return dict(left)


def live_weights(shell: Shell) -> list[int]:
    """The weights of the environment's listener, without those of 0."""
    elbv2 = clients(shell.variables).elbv2
    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    (listener,) = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    groups = listener["DefaultActions"][0].get("ForwardConfig", {}).get("TargetGroups", [])
    return [group["Weight"] for group in groups if group["Weight"]]


def table(kills: list[Kill]) -> str:
    """A Markdown table with one line for each kill."""
    lines = ["| kill | verb | victim | after | exit code | all ended after | end |", "|---|---|---|---|---|---|---|"]
    for each in kills:
        victim = each.victim if each.happened else f"({each.victim}: ended before)"
        lines.append(
            f"| {each.number} | {each.verb} | {victim} | {each.after:.1f} s | {each.code} | "
            f"{each.end_seconds:.1f} s | {each.result} |"
        )
    return "\n".join(lines)
