"""`make demo`: three versions on the local cloud under load; the second goes live, the third is refused.

Leaves the local cloud running, so that `cutover -e local history`, `releases` and `status` tell the same story.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from driver.cli.local import state_dir
from examples.demo.deployment import Deployment, deploy
from examples.demo.load import LoadGenerator
from examples.demo.summary import Row, print_summary, verdict_on
from localcloud import process

ROOT = Path(__file__).resolve().parents[2]
RATE = 120.0  # requests per second
AFTER = 2.0  # seconds of load after each deployment
VERSIONS = (("1.0.0", "good", 0), ("2.0.0", "good", 0), ("3.0.0", "crash", 5))
"""Version, how its image behaves, and the exit code that its deployment must have."""


def main() -> int:
    """0 when everything went as it must, else 1."""
    began = time.monotonic()
    environment = fresh_local_cloud()
    say("bootstrap: platform and environment stacks")
    cutover(environment, "bootstrap")
    for version, behaviour, _ in VERSIONS:
        build(environment, version, behaviour)
    load: LoadGenerator | None = None
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="cutover-demo-") as folder:
        for version, _, wanted in VERSIONS:
            say(f"deploy {version}" + ("" if load else "; the load begins as soon as it has traffic"))
            project = project_for(Path(folder), version)

            def begin_load() -> None:
                nonlocal load
                load = LoadGenerator(shop_url(environment), RATE)
                load.start()

            if load is not None:
                load.mark(version)
            done = deploy(project, environment, on_traffic=begin_load if load is None else None)
            rows.append(end_row(version, wanted, done, load))
    total = load.stop() if load else {}
    print_summary(rows, total, time.monotonic() - began)
    return verdict_on(rows, total, least_rate=100.0)


def fresh_local_cloud() -> dict[str, str]:
    """A local cloud without anything from before, and the variables to use it."""
    process.down(state_dir())
    process.forget_stacks(state_dir())
    running = process.up(state_dir())
    say(f"local cloud at {running.endpoint}")
    return {**os.environ, **process.environment(state_dir(), running, os.environ.get("PATH", ""))}


def cutover(environment: dict[str, str], *arguments: str) -> str:
    """Run a verb that must succeed; its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "driver.cli.main", "-e", "local", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"cutover {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout


def build(environment: dict[str, str], version: str, behaviour: str) -> None:
    """The shop as one version."""
    say(f"build shop:{version} ({behaviour})")
    arguments = ["--build-arg", f"VERSION={version}", "--build-arg", f"BEHAVIOUR={behaviour}"]
    cutover(environment, "local", "image", "build", str(ROOT / "examples/shop"), "--tag", f"shop:{version}", *arguments)


def project_for(folder: Path, version: str) -> Path:
    """The project with another version in Pulumi.local.yaml: the change that a pull request would make."""
    project = folder / version
    project.mkdir()
    text = (ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8")
    text = re.sub(r"version: 1\.0\.0", f"version: {version}", text)
    (project / "Pulumi.local.yaml").write_text(re.sub(r"shop:1\.0\.0", f"shop:{version}", text), encoding="utf-8")
    return project


def shop_url(environment: dict[str, str]) -> str:
    """Where the environment's load balancer listens on loopback."""
    from driver.adapters.probe import load_balancer_url

    return load_balancer_url(environment["AWS_ENDPOINT_URL"], "shop-local") + "/"


def end_row(version: str, wanted: int, done: Deployment, load: LoadGenerator | None) -> Row:
    """Let the load go on for a moment, then close this deployment's window."""
    if load is not None:
        load.wait(AFTER)
        return Row(version, wanted, done, load.mark(f"after {version}"))
    return Row(version, wanted, done, {})


def say(sentence: str) -> None:
    """One line of progress."""
    print(f"▸ {sentence}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
