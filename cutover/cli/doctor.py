"""`cutover doctor`: everything that a deployment needs, as an OK / WARN / NG tree; each NG with what mends it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from cutover.cli.context import Context
from cutover.config import EnvironmentConfig
from cutover.domain.errors import CutoverError, Exit

_ENGINE_TIMEOUT = 20.0  # seconds
_ENGINE_MAJOR = "v3."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `mend` is the command that mends it."""

    name: str
    result: Literal["OK", "WARN", "NG"]
    found: str
    mend: str = ""


def run(context: Context) -> int:
    """Exit code 0, or 4 where anything is NG."""
    # First, since an environment of the local cloud brings Pulumi's variables with it.
    if context.environment is None:
        environment = [Check("configuration", "WARN", "no environment chosen", "cutover -e ENV doctor")]
    else:
        environment = _environment(context)
    checks = [_python(), _engine(), _plugin(), _backend(), *environment]
    if context.json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        _print(checks)
    return Exit.PREFLIGHT if any(check.result == "NG" for check in checks) else Exit.OK


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036  what pip refuses, a copied checkout does not
        return Check("python", "NG", found, "install Python 3.11 or newer, then: make setup")
    return Check("python", "OK", f"{found} at {sys.executable}")


def _engine() -> Check:
    from cutover.composition import engine_install_command, find_engine

    path, install = find_engine(), engine_install_command()
    if path is None:
        return Check("engine", "NG", "pulumi is neither on PATH nor where `make setup` installs it", install)
    try:
        told = subprocess.run([path, "version"], capture_output=True, text=True, timeout=_ENGINE_TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Check("engine", "NG", f"{path} does not run: {error}", install)
    found, wanted = told.stdout.strip(), f"v{version('pulumi')}"
    if not found.startswith(_ENGINE_MAJOR):
        return Check("engine", "NG", f"{found} at {path}", install)
    if found != wanted:
        return Check("engine", "WARN", f"{found} at {path}; the SDK is {wanted}", install)
    return Check("engine", "OK", f"{found} at {path}")


def _plugin() -> Check:
    try:
        wanted = version("pulumi-aws")
    except PackageNotFoundError:
        return Check("plugin", "NG", "pulumi-aws is not installed", "make setup")
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    if (home / "plugins" / f"resource-aws-v{wanted}").is_dir():
        return Check("plugin", "OK", f"aws {wanted} in {home}")
    if os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"):
        return Check("plugin", "NG", f"aws {wanted} is not in {home}", f"pulumi plugin install resource aws {wanted}")
    mend = f"pulumi plugin install resource aws {wanted}"
    return Check("plugin", "WARN", f"aws {wanted} is not in {home}; Pulumi will download it", mend)


def _backend() -> Check:
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    if not backend:
        return Check("backend", "WARN", "PULUMI_BACKEND_URL is not set; Pulumi uses its last login", "pulumi login URL")
    if backend.startswith("file://") and not Path(backend.removeprefix("file://")).is_dir():
        return Check("backend", "NG", f"{backend} is no folder", f"mkdir -p {backend.removeprefix('file://')}")
    if not backend.startswith("https://") and not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(
        os.environ
    ):
        return Check("backend", "NG", f"{backend}, but no passphrase", "export PULUMI_CONFIG_PASSPHRASE=…")
    return Check("backend", "OK", backend)


def _environment(context: Context) -> list[Check]:
    try:
        config = context.config()
    except CutoverError as error:
        return [Check("configuration", "NG", error.message, error.hint)]
    checks = [Check("configuration", "OK", f"{config.application} in {config.environment}")]
    checks.append(Check("region", "OK", config.provider.region))
    if config.provider.endpoint:
        checks.append(_local_cloud(config.provider.endpoint))
        if checks[-1].result == "NG":
            return checks
    checks.append(_credentials(config))
    if checks[-1].result != "NG":
        checks.append(_records(config))
    return checks


def _local_cloud(endpoint: str) -> Check:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(f"{endpoint}/_cutover/status", timeout=3) as answer:  # noqa: S310  the scheme is the file's
            told = json.load(answer)
    except (URLError, OSError, ValueError) as error:
        return Check("local cloud", "NG", f"{endpoint} does not answer: {error}", "cutover local up")
    return Check("local cloud", "OK", f"{endpoint} (process {told['pid']})")


def _credentials(config: EnvironmentConfig) -> Check:
    from cutover.composition import require_account

    return _attempt("credentials", lambda: f"account {require_account(config.provider)}")


def _records(config: EnvironmentConfig) -> Check:
    from cutover.composition import open_ledger

    mend = f"cutover -e {config.environment} bootstrap"

    def look() -> str:
        open_ledger(config).allocation()
        open_ledger(config).latest_execution()
        return f"{config.records.deployments_table}, {config.records.executions_table}"

    return _attempt("records", look, mend)


def _attempt(name: str, look: Callable[[], str], mend: str = "") -> Check:
    try:
        return Check(name, "OK", look())
    except CutoverError as error:
        return Check(name, "NG", error.message, mend or error.hint)


def _print(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    styles = {"OK": "green", "WARN": "yellow", "NG": "red"}
    tree = Tree("cutover doctor")
    for check in checks:
        line = Text.assemble((f"{check.result:<4}", styles[check.result]), f" {check.name}: {check.found}")
        branch = tree.add(line)
        if check.result != "OK" and check.mend:
            branch.add(Text(f"next: {check.mend}"))
    console = Console()
    if not console.is_terminal:
        console.width = 240
    console.print(tree)
