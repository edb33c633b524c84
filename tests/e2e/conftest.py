"""A local cloud for each file of tests, and the command line as its user calls it.

The tests of a file build on each other, in their order: `make test` runs all tests of a file in one process.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.cli.local.cloud import variables as local_variables
from cutover.localcloud import process
from support.shell import ROOT, Shell

_SHORT = {"bake: 5s": "bake: 1s", "drain: 2s": "drain: 1s"}


@pytest.fixture(scope="module")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, process.Status]]:
    """A server process on a free port, which is stopped after the tests of the file."""
    folder = tmp_path_factory.mktemp("local")
    running = process.up(folder, port=0)
    yield folder, running
    process.down(folder)


@pytest.fixture(scope="module")
def shell(local_cloud: tuple[Path, process.Status], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A bootstrapped environment without a release."""
    shell = shell_in(tmp_path_factory.mktemp("project"), local_cloud)
    for long, short in _SHORT.items():
        shell.edit(long, short)
    shell.edit(r"interval: 500ms", "interval: 200ms")
    bootstrapped = shell.cutover("bootstrap")
    assert bootstrapped.code == 0, bootstrapped.err
    return shell


def shell_in(project: Path, local_cloud: tuple[Path, process.Status]) -> Shell:
    """A shell in a copy of this project, whose file points at the local cloud. Nothing is bootstrapped."""
    folder, running = local_cloud
    for name in ("Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    variables = {**os.environ, **local_variables(folder, running)}
    variables |= {"CUTOVER_LOCAL": str(folder), "PYTHONPATH": str(ROOT)}
    shell = Shell(project, variables)
    for key in ("endpoint", "http_proxy"):
        shell.edit(rf"{key}: \S+", f"{key}: {running.endpoint}")
    return shell
