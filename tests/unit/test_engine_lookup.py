"""Where the driver finds the Pulumi engine, and what it reports if there is none."""

import threading
from importlib.metadata import version
from pathlib import Path

import pytest

from cutover.adapters.engine import find_engine, installed_engine
from cutover.adapters.stacks.command import EngineCommand
from cutover.cli import doctor
from cutover.domain.errors import PreflightFailed


def add_engine(program: Path, says: str) -> Path:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\necho "{says}"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def plain_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH without an engine, and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setenv("CUTOVER_CACHE", str(tmp_path / "cache"))


def test_the_engine_on_path_comes_first(tmp_path: Path) -> None:
    add_engine(installed_engine(), "v3.0.0")
    on_path = add_engine(tmp_path / "programs" / "pulumi", "v3.0.0")
    assert find_engine() == on_path


def test_the_installed_engine_is_used_if_none_is_on_path() -> None:
    engine = add_engine(installed_engine(), f"v{version('pulumi')}")
    assert EngineCommand(threading.Event(), threading.Event(), 10.0).command == str(engine)
    assert doctor._engine().result == "OK"


def test_an_engine_on_path_may_be_in_any_folder(tmp_path: Path) -> None:
    add_engine(tmp_path / "programs" / "pulumi", f"v{version('pulumi')}")
    assert str(EngineCommand(threading.Event(), threading.Event(), 10.0).version) == version("pulumi")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"CUTOVER_CACHE": "/cache", "XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/cache"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/xdg/cutover"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/me"}, "/home/me/.cache/cutover"),
    ],
)
def test_the_cache_is_the_one_of_make_setup(
    variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUTOVER_CACHE")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(installed_engine()) == f"{folder}/pulumi/v{version('pulumi')}/bin/pulumi"


def test_no_engine_is_a_failed_preflight_with_the_command_that_installs_it() -> None:
    with pytest.raises(PreflightFailed, match=r"`pulumi` is not on PATH, and .*/bin/pulumi does not exist") as caught:
        EngineCommand(threading.Event(), threading.Event(), 10.0)
    assert (caught.value.code, caught.value.hint) == ("ENGINE_MISSING", "make setup")
    assert doctor._engine().result == "FAIL"


def test_an_engine_that_does_not_run_is_a_failed_preflight() -> None:
    engine = installed_engine()
    engine.parent.mkdir(parents=True)
    engine.write_text("#!/bin/sh\nexit 1\n")
    engine.chmod(0o755)
    with pytest.raises(PreflightFailed, match="cannot be run"):
        EngineCommand(threading.Event(), threading.Event(), 10.0)


def test_an_engine_of_another_major_version_is_a_failed_preflight() -> None:
    add_engine(installed_engine(), "v2.0.0")
    with pytest.raises(PreflightFailed, match="has the wrong version") as caught:
        EngineCommand(threading.Event(), threading.Event(), 10.0)
    assert caught.value.code == "ENGINE_VERSION"
