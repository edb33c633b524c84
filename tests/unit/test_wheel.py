"""The content of the wheel: one package, with the files that it reads at run time."""

from pathlib import Path

import pytest

from support.wheel import build_wheel, names_in

RUN_TIME_FILES = (
    "cutover/py.typed",
    "cutover/components/release.py",
    "cutover/strategies/canary.py",
    "cutover/examples/demo/scenarios.py",
    "cutover/examples/shop/Dockerfile",
    "cutover/examples/shop/server.py",
    "cutover/examples/project/Pulumi.yaml",
    "cutover/examples/project/Pulumi.local.yaml",
    "cutover/examples/project/__main__.py",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return names_in(build_wheel(tmp_path_factory.mktemp("wheel")))


def test_the_wheel_has_only_cutover_and_its_metadata_at_the_top_level(names: list[str]) -> None:
    top_level = {Path(name).parts[0] for name in names}
    assert {name for name in top_level if not name.endswith(".dist-info")} == {"cutover"}
    assert len(top_level) == 2


def test_the_wheel_has_the_files_that_cutover_reads_at_run_time(names: list[str]) -> None:
    assert set(RUN_TIME_FILES) - set(names) == set()


def test_the_wheel_has_no_compiled_files(names: list[str]) -> None:
    assert [name for name in names if "__pycache__" in name] == []
