"""The recipes of CONTRIBUTING.md hold: each registry names every file of its folder, and nothing else."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from cutover.config.strategy import KINDS, Recreate, StrategyConfig
from cutover.domain import ReleaseRef, Step
from cutover.execution.handlers.registry import handler_of
from cutover.planning.registry import make_plan
from cutover.ports import Ports
from cutover.strategies.facts import Facts, Timings

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "cutover"
STEP_KINDS = get_args(get_args(Step)[0])
RELEASE = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)
FACTS = Facts(
    candidate=RELEASE,
    capacity=4,
    baseline=ReleaseRef(release="prod-v0-bbbbbbbb", version="v0", digest="b" * 64),
    timings=Timings(deadline=60, interval=5, consecutive=2, bake=30, margin=5, drain=20),
    probe=True,
    retention="hot",
)


def files(folder: Path, *shared: str) -> set[str]:
    """Names of the modules in a folder, without the modules that others in it share."""
    return {path.stem for path in folder.glob("*.py")} - {"__init__", *shared}


def imports(module: Path, package: str) -> set[str]:
    """Names (without the package) of the modules of `package` that a module imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            names.add((node.module or "").removeprefix(f"{package}.").split(".")[0])
    return names


def a_step(kind: type) -> Step:
    """A step of this kind with a release and no other field, which is enough to find its handler."""
    step: Step = kind.model_construct(release=RELEASE)  # type: ignore[attr-defined]
    return step


def test_every_kind_of_step_has_one_handler_in_the_file_of_its_name() -> None:
    modules = {kind.__name__: type(handler_of(a_step(kind))).__module__.rpartition(".")[2] for kind in STEP_KINDS}
    assert modules == {name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in modules}
    assert set(modules.values()) == files(PACKAGE / "execution" / "handlers", "handler", "registry")


def test_every_strategy_has_one_file_that_the_registry_names() -> None:
    shared = ("facts", "common", "capacity", "retention", "rollback", "way_back", "drill", "collect", "destroy")
    strategies = files(ROOT / "strategies", *shared)
    assert strategies == {kind.replace("-", "_") for kind in KINDS}
    assert strategies == imports(PACKAGE / "planning" / "registry.py", "cutover.strategies") - {"facts"}


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_strategy_becomes_another_kind(kind: str) -> None:
    recreate = Recreate(outage="maintenance at night") if kind == "recreate" else None
    assert make_plan(StrategyConfig(kind=kind, recreate=recreate), FACTS).strategy == kind


def test_every_port_has_a_file_and_a_place_among_the_ports() -> None:
    # `logs` is for verbs that carry out no execution.
    ports = files(PACKAGE / "ports", "bundle", "logs")
    settings = {"config", "when_paused", "lease_seconds", "credentials_end"}
    # `urgent` is the ledger and the load balancer again, with short time-outs.
    fields = {name.removesuffix("_for") for name in Ports.__dataclass_fields__} - settings - {"urgent"}
    assert fields == (ports - {"held_lease"}) | {"hold_lease"}


def test_the_composition_names_every_adapter() -> None:
    shared = ("items", "leases", "http", "secrets", "assumed_role")
    adapters = files(PACKAGE / "adapters", *shared) | {"hooks", "metrics", "notifier", "stacks"}
    assert imports(PACKAGE / "composition.py", "cutover.adapters") == adapters


def test_every_verb_has_a_file_that_the_list_of_verbs_loads() -> None:
    shared = ("common", "context", "crash", "folders", "formatting", "main", "progress", "reporters", "requests")
    shared += ("status_object", "tables", "tree", "verbs")
    verbs = PACKAGE / "cli" / "verbs.py"
    assert imports(verbs, "cutover.cli") - {"context", "local", "state"} == files(PACKAGE / "cli", *shared)
    assert imports(verbs, "cutover.cli.local") == files(PACKAGE / "cli" / "local", "cloud")
    state = PACKAGE / "cli" / "state"
    assert imports(verbs, "cutover.cli.state") == {"verbs"}
    assert imports(state / "verbs.py", "cutover.cli.state") == files(state, "verbs")


def test_every_file_that_a_recipe_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:cutover|components|strategies|tests|docs)/[\w/.-]+\.(?:py|md))`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
