"""`cutover.components` works in any Pulumi program: documented, complete, and independent of the driver."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from cutover import components

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "components.md").read_text(encoding="utf-8")
MODULES = sorted(path.stem for path in (ROOT / "components").glob("*.py") if path.stem != "__init__")


def public_classes(module: str) -> set[str]:
    """Names of the public classes that a module of the folder defines."""
    members = vars(import_module(f"cutover.components.{module}"))
    defined = {name for name, member in members.items() if getattr(member, "__module__", "").endswith(f".{module}")}
    return {name for name in defined if inspect.isclass(members[name]) and not name.startswith("_")}


@pytest.mark.parametrize("name", components.__all__)
def test_every_exported_name_can_be_imported_and_has_a_docstring(name: str) -> None:
    exported = getattr(components, name)
    # A dataclass without a docstring gets its signature as one.
    assert exported.__doc__
    assert not exported.__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("module", MODULES)
def test_every_public_class_is_exported(module: str) -> None:
    assert public_classes(module) <= set(components.__all__)


def test_a_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchComponent"):
        _ = components.NoSuchComponent  # type: ignore[attr-defined]


def test_a_component_imports_no_module_of_the_driver() -> None:
    script = (
        "import sys, cutover.components.release; "
        "print([m for m in sys.modules if m.startswith('cutover.') and not m.startswith('cutover.components')])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", components.__all__)
def test_the_page_describes_every_exported_name(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", [name for name in components.__all__ if name.endswith("Args")])
def test_the_page_describes_every_argument(name: str) -> None:
    (section,) = re.findall(rf"^### [^\n]*`{name}`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    first_cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    documented = set(re.findall(r"`(\w+)`", " ".join(first_cells)))
    assert documented == set(inspect.signature(getattr(components, name)).parameters)


@pytest.mark.parametrize("weights", [{}, {"arn:aws:tg/blue": 90, "arn:aws:tg/green": 10}])
def test_the_program_on_the_page_creates_a_listener_and_a_release_behind_it(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, weights: dict[str, int]
) -> None:
    monkeypatch.setattr("pulumi.Config.get_object", lambda _config, _key: weights)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    resources = run(lambda: exec(compile(program, "docs/components.md", "exec"), {}))
    (action,) = resources.one("aws:lb/listener:Listener")["defaultActions"]
    forwarded = {group["arn"]: group["weight"] for group in action.get("forward", {}).get("targetGroups", [])}
    assert (action["type"], forwarded) == ("forward" if weights else "fixed-response", weights)
    (listener,) = resources.of("aws:lb/listener:Listener")
    assert resources.one("aws:lb/listenerRule:ListenerRule")["listenerArn"] == f"arn:aws:mock:::{listener.name}"
    assert resources.one("aws:ecs/service:Service")["desiredCount"] == 2


def test_a_program_without_the_driver_needs_plain_arguments_only(run: Callable[..., Any]) -> None:
    def program() -> None:
        components.WeightedListener(
            "shop",
            components.WeightedListenerArgs(
                load_balancer_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/1",
                port=80,
                certificate_arn=None,
                tls_policy="",
                weights={"arn:aws:tg/1": 100},
            ),
        )
        components.Release(
            "shop-2",
            components.ReleaseArgs(
                container=components.ContainerArgs(image="shop:2", port=8080),
                cpu=256,
                memory=512,
                repository_arn="arn:aws:ecr:eu-west-1:123456789012:repository/shop",
                region="eu-west-1",
                vpc_id="vpc-1",
                subnet_ids=["subnet-a", "subnet-b"],
                load_balancer_security_group_id="sg-1",
                listener_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2",
                test_traffic_header="X-Release",
                test_traffic_value="2",
                desired_count=3,
            ),
        )

    resources = run(program)
    (action,) = resources.one("aws:lb/listener:Listener")["defaultActions"]
    assert action["forward"]["targetGroups"] == [{"arn": "arn:aws:tg/1", "weight": 100}]
    assert resources.one("aws:ecs/service:Service")["desiredCount"] == 3
