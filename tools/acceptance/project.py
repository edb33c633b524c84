"""A copy of the project for one run: an application name of its own, one task, short waits, and cold retention."""

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from cutover.config import EnvironmentConfig, load_environment

_TASKS = 2
_CANARY = {"steps": [{"weight": 20}, {"approve": {"timeout": "30m", "then": "abort"}}, {"weight": 100}]}
_LONGEST_BAKE = 30  # seconds
_TIMES = ("bake", "propagation_margin", "drain")


@dataclass(frozen=True, slots=True)
class Project:
    """The folder of the copy, its environment, and its configuration at the start."""

    folder: Path
    environment: str
    config: EnvironmentConfig

    @property
    def file(self) -> Path:
        """The environment's file in the copy."""
        return self.folder / f"Pulumi.{self.environment}.yaml"

    def set_release(self, version: str, environment: Mapping[str, str], strategy: str) -> None:
        """Describe the next release: the same image with other variables. A canary waits for a person at 20 %."""
        document = _read(self.file)
        release = document["config"]["cutover:release"]
        release["version"] = version
        release["environment"] = {**environment, "VERSION": version}
        times = {key: value for key, value in document["config"]["cutover:strategy"].items() if key in _TIMES}
        options = {"canary": _CANARY} if strategy == "canary" else {}
        document["config"]["cutover:strategy"] = {"kind": strategy, **options, **times}
        _write(self.file, document)

    def remove(self) -> None:
        """Delete the copy, which nothing needs once the run is taken away."""
        shutil.rmtree(self.folder)


def copy_project(source: Path, environment: str) -> Project:
    """Copy the project and adapt its file; raises the errors of `load_environment` if the file is not valid."""
    folder = Path(tempfile.mkdtemp(prefix="cutover-acceptance-"))
    for name in ("Pulumi.yaml", "__main__.py", f"Pulumi.{environment}.yaml"):
        shutil.copy(source / name, folder)
    file = folder / f"Pulumi.{environment}.yaml"
    document, application = _read(file), f"acc{secrets.token_hex(3)}"
    settings = document["config"]
    settings["cutover:application"] = application
    # Its images are in the repositories of the application whose file this is.
    settings["cutover:records"]["repositories"] = []
    project = _read(folder / "Pulumi.yaml")
    project["name"] = application
    _write(folder / "Pulumi.yaml", project)
    settings["cutover:release"]["desired_count"] = _TASKS
    settings["cutover:release"].pop("secrets", None)
    settings["cutover:load_balancer"]["deletion_protection"] = True
    own = {key: value for key, value in settings.get("cutover:strategy", {}).items() if key in _TIMES}
    bake = min(_LONGEST_BAKE, round(load_environment(source, environment).strategy.bake))
    settings["cutover:strategy"] = {"kind": "blue-green", **own, "bake": f"{bake}s"}
    settings["cutover:retention"] = {"mode": "cold"}
    for key in ("cutover:hooks", "cutover:notifications"):
        settings.pop(key, None)
    settings.setdefault("cutover:gates", {}).pop("metrics", None)
    settings["cutover:gates"].pop("alarms", None)
    _write(file, document)
    return Project(folder, environment, load_environment(folder, environment))


def _read(file: Path) -> Any:
    return YAML().load(file.read_text(encoding="utf-8"))


def _write(file: Path, document: Any) -> None:
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump(document, stream)
