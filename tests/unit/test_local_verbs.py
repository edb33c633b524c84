"""The `local` verbs: the variables that they set, and the packages that they need."""

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from cutover.adapters.engine import installed_engine
from cutover.cli.context import Context
from cutover.cli.local import cloud, up
from cutover.domain.errors import PreflightFailed
from cutover.localcloud import process

ENDPOINT = "http://127.0.0.1:4577"


@pytest.fixture(autouse=True)
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local cloud of this user at ENDPOINT, and a shell without Pulumi's variables."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("PULUMI_")]:
        del os.environ[name]
    monkeypatch.setenv("CUTOVER_LOCAL", str(tmp_path))
    found = process.Status(pid=1, started=1, port=4577, endpoint=ENDPOINT, region="eu-west-1")
    monkeypatch.setattr(process, "status", lambda folder: found)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("endpoint", [ENDPOINT, "http://localhost:4577"])
def test_the_local_clouds_backend_is_used_if_the_shell_names_none(endpoint: str, tmp_path: Path) -> None:
    os.environ["PULUMI_CONFIG_PASSPHRASE"] = "of another backend"
    cloud.use_for_pulumi(endpoint)
    assert os.environ["PULUMI_BACKEND_URL"] == f"file://{tmp_path.resolve()}/pulumi/backend"
    assert os.environ["PULUMI_HOME"] == f"{tmp_path.resolve()}/pulumi/home"
    assert os.environ["PULUMI_CONFIG_PASSPHRASE"] == "local"


def test_a_backend_that_the_shell_names_is_not_replaced() -> None:
    os.environ["PULUMI_BACKEND_URL"] = "s3://mine"
    cloud.use_for_pulumi(ENDPOINT)
    assert {name: value for name, value in os.environ.items() if name.startswith("PULUMI_")} == {
        "PULUMI_BACKEND_URL": "s3://mine"
    }


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4578", "http://192.0.2.1:4577"])
def test_another_endpoint_changes_nothing(endpoint: str) -> None:
    cloud.use_for_pulumi(endpoint)
    assert "PULUMI_BACKEND_URL" not in os.environ


def test_the_exports_put_the_installed_engine_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.environ |= {"PATH": "/nowhere", "CUTOVER_CACHE": str(tmp_path / "cache")}
    engine = installed_engine()
    engine.parent.mkdir(parents=True)
    engine.touch(mode=0o755)
    path = cloud.variables(tmp_path, cloud.running_cloud())["PATH"].split(os.pathsep)
    assert path[-2:] == [str(engine.parent), "/nowhere"]


def test_missing_packages_of_the_extra_are_named_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def version(name: str) -> str:
        if name == "moto":
            raise PackageNotFoundError(name)
        return "1.0"

    declared = ["boto3==1", 'aiohttp==3; extra == "local"', 'moto[server]==5; extra == "local"', 'ruff; extra == "dev"']
    monkeypatch.setattr(cloud, "requires", lambda name: declared)
    monkeypatch.setattr(cloud, "version", version)
    with pytest.raises(PreflightFailed, match=r"packages that are not installed: moto$") as caught:
        up.run(Context(environment=None, json=False, project=Path()), 4577)
    assert caught.value.hint == "pip install 'cutover[local]'"
