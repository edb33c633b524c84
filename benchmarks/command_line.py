"""Measures whole commands from start to exit, and the memory that they use."""

import json
import subprocess
import time
from pathlib import Path

from benchmarks.bare import Bare
from benchmarks.figures import Figure, timed
from benchmarks.stage import Stage

_MEMORY_INTERVAL = 0.05  # seconds between two readings of the memory


def measure(stage: Stage, runs: int) -> list[Figure]:
    """Measure commands that change nothing, then deployments of new versions."""
    bare = Bare(stage.endpoint)
    status = Figure(
        "`status`", "s", timed(lambda: stage.cutover("status"), runs), timed(bare.read_status, runs), "≤ 0.6 s"
    )
    help_ = Figure("`--help`", "s", timed(lambda: stage.cutover("--help"), runs), aim="≤ 0.3 s")
    no_change = Figure("no-change `deploy`", "s", timed(lambda: stage.cutover("deploy"), runs))
    preview = Figure("`preview`", "s", timed(lambda: stage.cutover("preview"), runs))
    versions = iter(f"2.0.{number}" for number in range(1000))
    blue_green = timed(lambda: stage.cutover("deploy"), runs, before=lambda: stage.set_version(next(versions)))
    stage.set_version(next(versions))
    driver, with_children = zip(*(_memory_of_a_deploy(stage, next(versions)) for _ in range(runs)), strict=True)
    return [
        status,
        help_,
        no_change,
        preview,
        Figure("blue-green release, all waits zero", "s", blue_green, _bare_releases(stage, bare, runs), "≤ 15 s"),
        Figure("peak memory of the driver", "MB", driver, aim="≤ 150 MB"),
        Figure("peak memory with its children", "MB", with_children),
    ]


def _bare_releases(stage: Stage, bare: Bare, runs: int) -> tuple[float, ...]:
    manifest = json.loads(stage.cutover("show", stage_release(stage)))["manifest"]
    network = manifest["network"]
    definition = bare.ecs.describe_task_definition(taskDefinition=_newest_definition(bare))["taskDefinition"]
    copied = ("containerDefinitions", "volumes", "cpu", "memory", "networkMode", "requiresCompatibilities")
    like = {
        "vpc": network["vpc_id"],
        "subnets": network["subnet_ids"],
        "definition": {name: definition[name] for name in copied},
    }
    seconds = timed(lambda: bare.release(like, network["listener_arn"]), runs)
    # Write the recorded weights to the listener again; otherwise the next deploy reports drift.
    _restore(bare, network["listener_arn"])
    return seconds


def stage_release(stage: Stage) -> str:
    """Name of the release that has the traffic."""
    traffic = json.loads(stage.cutover("status"))["traffic"]
    return str(next(share["release"] for share in traffic if share["weight"] == 100))


def _restore(bare: Bare, listener: str) -> None:
    key = {"pk": {"S": "shop#local"}, "sk": {"S": "allocation"}}
    item = bare.dynamodb.get_item(TableName="immutable-deployments", Key=key)["Item"]
    weights = json.loads(item["body"]["S"])["weights"]
    bare.modify_listener(listener, {w["target_group_arn"]: w["weight"] for w in weights if w["weight"]})


def _newest_definition(bare: Bare) -> str:
    return str(bare.ecs.list_task_definitions(sort="DESC")["taskDefinitionArns"][0])


def _memory_of_a_deploy(stage: Stage, version: str) -> tuple[float, float]:
    """Deploy `version`; return the peak resident memory in MB of the driver, and of the driver with its children."""
    stage.set_version(version)
    command = stage.command("-e", "local", "--json", "deploy")
    driver = subprocess.Popen(command, cwd=stage.project, env=stage.variables, stdout=subprocess.DEVNULL)
    peak = peak_with_children = 0.0
    while driver.poll() is None:
        memory = _resident(driver.pid)
        peak = max(peak, memory)
        peak_with_children = max(peak_with_children, memory + sum(map(_resident, _children(driver.pid))))
        time.sleep(_MEMORY_INTERVAL)
    if driver.returncode != 0:
        raise RuntimeError(f"the deploy of {version} exited with code {driver.returncode}")
    return peak, peak_with_children


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in task.read_text().split()]
        except OSError:
            # The thread or its process has ended since the folder was listed.
            continue
        children += [*direct, *(grandchild for child in direct for grandchild in _children(child))]
    return children


def _resident(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024
