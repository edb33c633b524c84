"""Sets up the benchmarks: a local cloud with an environment and two releases, and no waits in the configuration."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cutover.cli.local.cloud import variables as local_variables
from cutover.localcloud import process

ROOT = Path(__file__).resolve().parents[1]
_NO_WAITS = {
    "bake: 5s": "bake: 0s",
    "propagation_margin: 1s": "propagation_margin: 0s",
    "drain: 2s": "drain: 0s",
    "interval: 500ms": "interval: 100ms",
    "consecutive: 2": "consecutive: 1",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A project folder, and the endpoint and the environment variables of its local cloud."""

    project: Path
    variables: dict[str, str]
    endpoint: str

    def command(self, *arguments: str) -> list[str]:
        """The command line of `cutover` in this virtual environment."""
        return [str(Path(sys.executable).with_name("cutover")), *arguments]

    def cutover(self, *arguments: str) -> str:
        """Run a verb of cutover in the project, and return its stdout.

        Raises:
            RuntimeError: the exit code is not 0.
        """
        done = subprocess.run(
            self.command("-e", "local", "--json", *arguments),
            cwd=self.project,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"cutover {' '.join(arguments)} exited with code {done.returncode}: {done.stderr}")
        return done.stdout

    def set_version(self, version: str) -> None:
        """Write a version into the environment's file. Every version runs the same image."""
        file = self.project / "Pulumi.local.yaml"
        text = re.sub(r"version: \S+", f"version: {version}", file.read_text(encoding="utf-8"), count=1)
        file.write_text(text, encoding="utf-8")


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Start the local cloud with two deployed releases in `folder`, and stop it at the end."""
    # The benchmarks measure cutover beside bare calls, and not the lags of AWS.
    running = process.up(folder / "cloud", port=0, weather="calm")
    try:
        project = folder / "project"
        project.mkdir()
        for name in ("Pulumi.yaml", "__main__.py"):
            (project / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
        text = (ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8")
        text = re.sub(r"endpoint: \S+", f"endpoint: {running.endpoint}", text, count=1)
        text = re.sub(r"http_proxy: \S+", f"http_proxy: {running.endpoint}", text, count=1)
        for original, without_wait in _NO_WAITS.items():
            text = text.replace(original, without_wait)
        (project / "Pulumi.local.yaml").write_text(text, encoding="utf-8")
        variables = {**os.environ, **local_variables(folder / "cloud", running)}
        ready = Stage(project, variables | {"CUTOVER_LOCAL": str(folder / "cloud")}, running.endpoint)
        ready.cutover("bootstrap")
        ready.cutover("local", "image", "build", str(ROOT / "examples/shop"), "--tag", "shop:1.0.0")
        ready.cutover("deploy")
        ready.set_version("1.0.1")
        ready.cutover("deploy")
        yield ready
    finally:
        process.down(folder / "cloud")
