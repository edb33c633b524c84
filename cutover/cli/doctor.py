"""`cutover doctor`: check everything that a deployment needs; each FAIL comes with the command that fixes it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from cutover.cli.context import Context
from cutover.cli.formatting import with_environment
from cutover.config import EnvironmentConfig
from cutover.config.state import PASSPHRASE
from cutover.domain.errors import CutoverError, Exit

_ENGINE_TIMEOUT = 20.0  # seconds
_ENGINE_MAJOR = "v3."


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check; `fix` is empty or the command that fixes it, ready to type."""

    name: str
    result: Literal["OK", "WARN", "FAIL"]
    message: str
    fix: str = ""


def run(context: Context) -> int:
    """Exit code 0, or 4 when a check fails."""
    # The configuration comes first: an environment on the local cloud sets Pulumi's variables.
    if context.environment is None:
        environment = [Check("configuration", "WARN", "no environment was chosen", "cutover -e ENV doctor")]
    else:
        environment = _environment(context)
    checks = [
        replace(check, fix=with_environment(check.fix, context.environment))
        for check in (_python(), _engine(), _plugin(), *environment)
    ]
    if context.json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        _print(checks)
    return Exit.PREFLIGHT if any(check.result == "FAIL" for check in checks) else Exit.OK


def _python() -> Check:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036  pip refuses an old Python, but a checkout runs without pip
        return Check("python", "FAIL", f"{running}; cutover needs Python 3.11 or newer", "apt-get install python3.11")
    return Check("python", "OK", f"{running} at {sys.executable}")


def _engine() -> Check:
    from cutover.composition import engine_install_command, find_engine

    path, install = find_engine(), engine_install_command()
    if path is None:
        return Check("engine", "FAIL", "pulumi is neither on PATH nor where `make setup` installs it", install)
    try:
        answer = subprocess.run([path, "version"], capture_output=True, text=True, timeout=_ENGINE_TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Check("engine", "FAIL", f"{path} cannot be run: {error}", install)
    installed, sdk = answer.stdout.strip(), f"v{version('pulumi')}"
    if not installed.startswith(_ENGINE_MAJOR):
        return Check("engine", "FAIL", f"{installed} at {path}; version 3 is needed", install)
    if installed != sdk:
        return Check("engine", "WARN", f"{installed} at {path}; the SDK is {sdk}", install)
    return Check("engine", "OK", f"{installed} at {path}")


def _plugin() -> Check:
    try:
        needed = version("pulumi-aws")
    except PackageNotFoundError:
        return Check("plugin", "FAIL", "pulumi-aws is not installed", "make setup")
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    if (home / "plugins" / f"resource-aws-v{needed}").is_dir():
        return Check("plugin", "OK", f"aws {needed} in {home}")
    if os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"):
        return Check("plugin", "FAIL", f"aws {needed} is not in {home}", f"pulumi plugin install resource aws {needed}")
    fix = f"pulumi plugin install resource aws {needed}"
    return Check("plugin", "WARN", f"aws {needed} is not in {home}; Pulumi will download it", fix)


def _backend(config: EnvironmentConfig) -> Check:
    from cutover.composition import check_state

    check = _attempt("state", lambda: check_state(config))
    if check.result == "FAIL" or not check.message.endswith(f"by {PASSPHRASE}"):
        return check
    if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(os.environ):
        message = f"{check.message}, and PULUMI_CONFIG_PASSPHRASE is not set"
        return Check("state", "FAIL", message, "export PULUMI_CONFIG_PASSPHRASE=PASSPHRASE")
    return check


def _environment(context: Context) -> list[Check]:
    try:
        config = context.config()
    except CutoverError as error:
        return [Check("configuration", "FAIL", error.message, error.hint)]
    checks = [Check("configuration", "OK", f"{config.application} in {config.environment}")]
    checks.append(Check("region", "OK", config.provider.region))
    if config.provider.endpoint:
        checks.append(_local_cloud(config.provider.endpoint))
        if checks[-1].result == "FAIL":
            return checks
    checks.append(_credentials(config))
    if checks[-1].result != "FAIL":
        checks += [_backend(config), _records(config)]
    return checks


def _local_cloud(endpoint: str) -> Check:
    from cutover.composition import endpoint_process

    return _attempt("local cloud", lambda: f"{endpoint} (process {endpoint_process(endpoint)})", "cutover local up")


def _credentials(config: EnvironmentConfig) -> Check:
    from cutover.composition import require_account

    return _attempt("credentials", lambda: f"account {require_account(config.provider)}")


def _records(config: EnvironmentConfig) -> Check:
    from cutover.composition import open_ledger

    def read() -> str:
        open_ledger(config).allocation()
        open_ledger(config).latest_execution()
        return f"{config.records.deployments_table}, {config.records.executions_table}"

    return _attempt("records", read, "cutover bootstrap")


def _attempt(name: str, check: Callable[[], str], fix: str = "") -> Check:
    try:
        return Check(name, "OK", check())
    except CutoverError as error:
        return Check(name, "FAIL", error.message, fix or error.hint)


def _print(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    styles = {"OK": "green", "WARN": "yellow", "FAIL": "red"}
    tree = Tree("cutover doctor")
    for check in checks:
        line = Text.assemble((f"{check.result:<4}", styles[check.result]), f" {check.name}: {check.message}")
        branch = tree.add(line)
        if check.result != "OK" and check.fix:
            branch.add(Text(f"next: {check.fix}"))
    console = Console()
    if not console.is_terminal:
        console.width = 240
    console.print(tree)
