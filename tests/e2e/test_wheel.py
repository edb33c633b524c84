"""An installed wheel works outside a checkout, in a shell without an engine on PATH and without Pulumi's variables."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from cutover.adapters.engine import find_engine
from support.wheel import build_wheel, install_wheel

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

PROJECT_FILES = {"Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"}


@dataclass(frozen=True)
class Installed:
    """The wheel's `cutover`, and a plain shell's variables."""

    program: Path
    variables: dict[str, str]
    folder: Path
    port: int

    def run(self, *arguments: str, cwd: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
        """`cutover …` in an empty folder or in `cwd`, to its end."""
        return subprocess.run(
            [str(self.program), *arguments], cwd=cwd or self.folder, env=self.variables | variables,
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    root = tmp_path_factory.mktemp("installed")
    installed = Installed(install_wheel(wheel, root / "venv"), plain_shell(root), root / "empty", free_port())
    installed.folder.mkdir()
    yield installed
    installed.run("local", "down")


def plain_shell(root: Path) -> dict[str, str]:
    """A PATH without an engine, and a cache that holds the engine as `make setup` leaves it."""
    engine = find_engine()
    assert engine is not None, "no engine: make setup"
    folder = root / "cache" / "pulumi" / f"v{version('pulumi')}"
    folder.mkdir(parents=True)
    (folder / "bin").symlink_to(engine.parent)
    return {
        "HOME": str(root),
        "PATH": "/usr/bin:/bin",
        "CUTOVER_CACHE": str(root / "cache"),
        "CUTOVER_LOCAL": str(root / "local"),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def last_line(out: str) -> Any:
    return json.loads(out.strip().splitlines()[-1])


def test_the_help_is_printed(installed: Installed) -> None:
    ended = installed.run("--help")
    assert ended.returncode == 0, ended.stderr
    assert "deploy" in ended.stdout


def test_the_demo_runs_from_an_empty_folder(installed: Installed) -> None:
    ended = installed.run("--json", "local", "demo", "--quick", "--port", str(installed.port))
    result = last_line(ended.stdout)
    assert (ended.returncode, result["faults"]) == (0, []), ended.stderr
    assert [deployment["status"] for deployment in result["deployments"]] == ["COMPLETED", "COMPLETED"]
    assert {path.name for path in Path(result["project"]).iterdir()} == PROJECT_FILES


def test_a_folder_with_a_projects_files_alone_is_deployed_without_exports(installed: Installed) -> None:
    project = Path(installed.variables["CUTOVER_LOCAL"]) / "demo"
    settings = project / "Pulumi.local.yaml"
    settings.write_text(settings.read_text().replace("version: 2.0.0", "version: 2.0.1"))
    ended = installed.run("-e", "local", "--json", "deploy", cwd=project)
    assert ended.returncode == 0, ended.stderr
    assert last_line(ended.stdout)["candidate"]["version"] == "2.0.1"
    history = installed.run("-e", "local", "--json", "history", cwd=project)
    assert len(json.loads(history.stdout)) == 3


def test_pulumi_by_hand_runs_the_projects_program_after_the_exports(installed: Installed) -> None:
    project = Path(installed.variables["CUTOVER_LOCAL"]) / "demo"
    exports = json.loads(installed.run("--json", "local", "env").stdout)
    ended = subprocess.run(
        ["pulumi", "preview", "-s", "local", "--expect-no-changes"],
        cwd=project, env={**installed.variables, **exports}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_local_cloud_starts(installed: Installed) -> None:
    assert installed.run("local", "down").returncode == 0
    ended = installed.run("--json", "local", "up", "--port", str(installed.port))
    assert ended.returncode == 0, ended.stderr
    assert last_line(ended.stdout)["endpoint"] == f"http://127.0.0.1:{installed.port}"


def test_without_the_extra_the_local_cloud_says_what_to_install(wheel: Path, tmp_path: Path) -> None:
    program = install_wheel(wheel, tmp_path / "venv", without=("moto", "aiohttp"))
    variables = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [str(program), "local", "up"], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (
        4,
        "✖ the local cloud needs packages that are not installed: aiohttp, moto\n"
        "  next: pip install 'cutover[local]'\n",
    )
