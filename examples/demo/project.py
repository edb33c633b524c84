"""Writes the demo's project folder: a copy of `examples/project`, which each scenario changes."""

import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from cutover.examples.demo.scenarios import Scenario

_EXAMPLES = Path(__file__).resolve().parents[1]
TEMPLATE = _EXAMPLES / "project"
SHOP = _EXAMPLES / "shop"
_SETTINGS = "Pulumi.local.yaml"


def create_project(folder: Path, endpoint: str) -> None:
    """Create or replace a project that deploys the shop to the local cloud at `endpoint`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Pulumi.yaml", "__main__.py", _SETTINGS):
        shutil.copyfile(TEMPLATE / name, folder / name)
    document = _read(TEMPLATE)
    document["config"]["cutover:provider"] |= {"endpoint": endpoint, "http_proxy": endpoint}
    _write(folder, document)


def write_scenario(folder: Path, scenario: Scenario) -> None:
    """Write the scenario's version, strategy and gates into the file, as a pull request would."""
    provider = _read(folder)["config"]["cutover:provider"]
    document = _read(TEMPLATE)
    config = document["config"]
    config["cutover:provider"] = provider
    config["cutover:release"] |= {"version": scenario.version, "image": f"shop:{scenario.version}"}
    config["cutover:strategy"] |= scenario.strategy
    config["cutover:gates"] |= scenario.gates
    _write(folder, document)


def _read(folder: Path) -> Any:
    return YAML().load((folder / _SETTINGS).read_text(encoding="utf-8"))


def _write(folder: Path, document: Any) -> None:
    with (folder / _SETTINGS).open("w", encoding="utf-8") as file:
        YAML().dump(document, file)
