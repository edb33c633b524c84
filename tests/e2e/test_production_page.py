"""The commands of docs/production.md, in the order of the page, in an environment that nobody has bootstrapped."""

import os
import re
import shutil
from pathlib import Path

import pytest

from cutover.cli.local.cloud import variables as local_variables
from cutover.localcloud import process
from support.shell import ROOT, Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

EXPECTED = {"doctor": 4, "rollback --preview": 3}
"""Exit codes other than 0: nothing is bootstrapped at the first command, and no older release exists at the last."""


def test_every_command_of_the_page_ends_as_the_page_says(
    local_cloud: tuple[Path, process.Status], tmp_path: Path
) -> None:
    folder, running = local_cloud
    for name in ("Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"):
        shutil.copy(ROOT / name, tmp_path)
    variables = {**os.environ, **local_variables(folder, running)}
    shell = Shell(tmp_path, variables | {"CUTOVER_LOCAL": str(folder), "PYTHONPATH": str(ROOT)})
    shell.edit(r"endpoint: \S+", f"endpoint: {running.endpoint}")
    shell.edit(r"http_proxy: \S+", f"http_proxy: {running.endpoint}")
    page = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ {4}cutover -e prod (.+)$", page, re.MULTILINE)
    assert len(commands) >= 9
    for command in commands:
        if command == "preview":
            # The step before it on the page: the image is in the repository.
            shell.set_release("1.0.0")
        ended = shell.cutover(*command.split())
        assert ended.code == EXPECTED.get(command, 0), f"{command}: {ended.out[-800:]}{ended.err}"
