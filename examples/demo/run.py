"""The demo: deploy several versions to the local cloud under load, and check how each deployment ends.

It leaves the local cloud running, so that `cutover -e local history`, `releases` and `status` show what happened.
"""

import time
from collections.abc import Callable
from pathlib import Path

from cutover.examples.demo.commands import Promoter, deploy, run_verb
from cutover.examples.demo.load import LoadGenerator
from cutover.examples.demo.project import SHOP, create_project, write_scenario
from cutover.examples.demo.scenarios import SCENARIOS, Scenario
from cutover.examples.demo.summary import Result, Row

RATE = 120.0  # requests per second
QUICK_RATE = 30.0  # requests per second
QUICK_SCENARIOS = 2
_LOAD_AFTER = 1.0  # seconds of load after each deployment


def run(folder: Path, endpoint: str, url_of: Callable[[str], str], variables: dict[str, str], *, quick: bool) -> Result:
    """Run the demo on an empty local cloud at `endpoint`, and return its result.

    `url_of` returns the URL of a load balancer by its name. `folder` becomes the project's folder, and `variables` are
    the environment of every command. `quick` deploys the first two versions only, at 30 requests per second: no gate
    fails, and no promotion is needed.

    Raises:
        CutoverError: a command other than a deployment failed.
    """
    began = time.monotonic()
    scenarios = SCENARIOS[:QUICK_SCENARIOS] if quick else SCENARIOS
    create_project(folder, endpoint)
    say("create the platform stack and the environment stack")
    run_verb(folder, variables, "bootstrap")
    for scenario in scenarios:
        build_image(folder, variables, scenario)
    load = LoadGenerator(f"{url_of('shop-local')}/", QUICK_RATE if quick else RATE)
    rows = [deploy_under_load(folder, variables, scenario, load) for scenario in scenarios]
    return Result(rows, load.stop(), time.monotonic() - began, folder, least_rate=25.0 if quick else 100.0)


def build_image(folder: Path, variables: dict[str, str], scenario: Scenario) -> None:
    """Build the shop as the scenario's version."""
    flaws = ", ".join(f"{name}={value}" for name, value in scenario.build_args.items())
    say(f"build the image shop:{scenario.version}" + (f" with {flaws}" if flaws else ""))
    settings = {"VERSION": scenario.version, **scenario.build_args}
    arguments = [part for name, value in settings.items() for part in ("--build-arg", f"{name}={value}")]
    run_verb(folder, variables, "local", "image", "build", str(SHOP), "--tag", f"shop:{scenario.version}", *arguments)


def deploy_under_load(folder: Path, variables: dict[str, str], scenario: Scenario, load: LoadGenerator) -> Row:
    """Deploy one scenario. The load starts when the first version gets traffic, and ends with the demo."""
    say(f"deploy {scenario.version}: {scenario.description}")
    write_scenario(folder, scenario)
    if load.running:
        load.mark(scenario.version)
    deployment = deploy(
        folder,
        variables,
        on_traffic=None if load.running else load.start,
        on_pause=_promote_by_hand(folder, variables) if scenario.promoted_by_hand else None,
    )
    if not load.running:
        return Row(scenario, deployment, {})
    load.wait(_LOAD_AFTER)
    return Row(scenario, deployment, load.mark(f"after {scenario.version}"))


def say(sentence: str) -> None:
    """Print one line of progress."""
    print(f"▸ {sentence}", flush=True)


def _promote_by_hand(folder: Path, variables: dict[str, str]) -> Callable[[], None]:
    promoter = Promoter(folder, variables)

    def promote() -> None:
        if promoter.start():
            say(f"promote from a second process: {promoter.command_line}")

    return promote
