"""`make demo`: six versions on the local cloud under load, by the scenes of `scenes.py`.

Leaves the local cloud running, so that `cutover -e local history`, `releases` and `status` tell the same story.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ruamel.yaml import YAML

from cutover.cli.local import state_dir
from cutover.examples.demo.deployment import Deployment, deploy
from cutover.examples.demo.load import LoadGenerator
from cutover.examples.demo.scenarios import SCENES, Scene
from cutover.examples.demo.summary import Row, print_summary, verdict_on
from cutover.localcloud import process

ROOT = Path(__file__).resolve().parents[2]
RATE = 120.0  # requests per second
AFTER = 1.0  # seconds of load after each deployment


def main() -> int:
    """0 when everything went as it must, else 1."""
    began = time.monotonic()
    environment = fresh_local_cloud()
    say("bootstrap: platform and environment stacks")
    cutover(environment, "bootstrap")
    for scene in SCENES:
        build(environment, scene)
    load: LoadGenerator | None = None
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="cutover-demo-") as folder:
        for scene in SCENES:
            say(f"deploy {scene.version}: {scene.story}")
            project = project_for(Path(folder), scene)

            def begin_load() -> None:
                nonlocal load
                load = LoadGenerator(shop_url(environment), RATE)
                load.start()

            if load is not None:
                load.mark(scene.version)
            done = deploy(
                project,
                environment,
                on_traffic=begin_load if load is None else None,
                on_pause=Promoter(environment) if scene.promoted_by_hand else None,
            )
            rows.append(end_row(scene, done, load))
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
        [sys.executable, "-m", "cutover.cli.main", "-e", "local", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"cutover {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout


def build(environment: dict[str, str], scene: Scene) -> None:
    """The shop as one version, good or bad."""
    say(f"build shop:{scene.version} ({', '.join(f'{k}={v}' for k, v in scene.build.items()) or 'good'})")
    settings = {"VERSION": scene.version, **scene.build}
    arguments = [part for name, value in settings.items() for part in ("--build-arg", f"{name}={value}")]
    tag = f"shop:{scene.version}"
    cutover(environment, "local", "image", "build", str(ROOT / "examples/shop"), "--tag", tag, *arguments)


def project_for(folder: Path, scene: Scene) -> Path:
    """The project with another version, strategy and gates: the change that a pull request would make."""
    project = folder / scene.version
    project.mkdir()
    yaml = YAML()
    document = yaml.load((ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8"))
    config = document["config"]
    config["cutover:release"] |= {"version": scene.version, "image": f"shop:{scene.version}"}
    config["cutover:strategy"] |= scene.strategy
    config["cutover:gates"] |= scene.gates
    with (project / "Pulumi.local.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
    return project


class Promoter:
    """`cutover promote` in a second process, once; the driver goes on reading meanwhile."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        """Ask, and do not wait for the answer."""
        if self._process is None:
            say("a second process asks: cutover -e local promote --reason 'the figures look good'")
            command = ["cutover.cli.main", "-e", "local", "promote", "--reason", "the figures look good"]
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL
            )


def shop_url(environment: dict[str, str]) -> str:
    """Where the environment's load balancer listens on loopback."""
    from cutover.adapters.probe import load_balancer_url

    return load_balancer_url(environment["AWS_ENDPOINT_URL"], "shop-local") + "/"


def end_row(scene: Scene, done: Deployment, load: LoadGenerator | None) -> Row:
    """Let the load go on for a moment, then close this deployment's window."""
    if load is not None:
        load.wait(AFTER)
        return Row(scene, done, load.mark(f"after {scene.version}"))
    return Row(scene, done, {})


def say(sentence: str) -> None:
    """One line of progress."""
    print(f"▸ {sentence}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
