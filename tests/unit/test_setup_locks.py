"""What the locks, the engine's version and the Makefile must agree on."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cutover.adapters.engine import installed_engine

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)
REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(.+)")


def pins(lock: str) -> dict[str, str]:
    """The version that a lock names for each package."""
    return dict(PINNED.findall((ROOT / lock).read_text()))


def declared(group: str = "") -> dict[str, str]:
    """The versions in pyproject.toml: those of the run time, or of an optional group."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = project["optional-dependencies"][group] if group else project["dependencies"]
    return {_normal(name): version for name, version in map(_split, requirements) if name != "cutover"}


def _split(requirement: str) -> tuple[str, str]:
    if requirement == "cutover[local]":  # `dev` takes the whole extra `local`
        return "cutover", ""
    match = REQUIREMENT.fullmatch(requirement)
    assert match, f"{requirement} is not pinned"
    return match[1], match[2]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
    assert [e.split()[0] for e in entries if PINNED.match(e) and "--hash=sha256:" not in e] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_the_project_itself(lock: str) -> None:
    assert "cutover" not in pins(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index_or_a_folder(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"(?m)^-.*|https?:\S*|file:\S*|@ \S*|(?<=[ =])/\S*", text) == []


@pytest.mark.parametrize("tool", ["moto", "pytest", "hypothesis", "mypy", "ruff", "uv", "aiohttp", "flask"])
def test_a_pipeline_does_not_install_development_tools(tool: str) -> None:
    assert tool not in pins("requirements.lock")


def test_development_and_pipelines_use_the_same_versions() -> None:
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: development.get(name) for name in runtime} == runtime


@pytest.mark.parametrize(
    ("lock", "group"),
    [("requirements.lock", ""), ("requirements-dev.lock", "dev"), ("requirements-dev.lock", "local")],
)
def test_a_lock_has_the_versions_that_the_project_declares(lock: str, group: str) -> None:
    locked = pins(lock)
    assert {name: locked.get(name) for name in declared(group)} == declared(group)


def test_the_engine_has_the_version_of_its_python_sdk() -> None:
    assert (
        f"github.com/pulumi/pulumi/pkg/v3 v{declared()['pulumi']}" in (ROOT / "tools/pulumi/engine/go.mod").read_text()
    )


def test_make_the_set_up_and_the_driver_look_for_the_engine_in_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTOVER_CACHE", str(tmp_path))
    asked = subprocess.run(
        ["make", "--silent", "--eval", "which-engine: ; @echo $(engine)", "which-engine"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    program = "import runpy; print(runpy.run_path('tools/setup/engine.py')['cache_home']() / 'bin')"
    set_up = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout == set_up.stdout
    assert asked.stdout.strip() == str(installed_engine().parent)
