"""Adding a kind of hook takes three files: these tests fail if one of them is forgotten.

1. `cutover/config/hooks.py`: its name in `KINDS`, its data in `HookAction`, its key and its line in `HookConfig`;
2. `cutover/adapters/hooks/<kind>.py`: everything that runs it;
3. `cutover/adapters/hooks/registry.py`: its case, without which mypy fails.
"""

from typing import Any, get_args

import pytest

from cutover.adapters.hooks import registry
from cutover.config.hooks import KINDS, HookAction, HookConfig
from support.files import GOOD, refusal
from support.recipes import files_beside, imports_of

VALUES: dict[str, Any] = {
    "function": "smoke-test",
    "command": ["./check.sh"],
    "webhook": {"url": "https://ci/hook", "secret_variable": "HOOK_KEY"},
}
SHARED = ("registry", "answers")


def refused_hook(hook: dict[str, object]) -> str:
    return refusal(GOOD + f"  cutover:hooks: {{smoke: {hook}}}\n")


def test_the_registry_imports_every_adapter_of_its_folder() -> None:
    adapters = {f"cutover.adapters.hooks.{name}" for name in files_beside(registry, except_for=SHARED)}
    assert adapters - imports_of(registry) == set()


def test_every_kind_of_the_configuration_has_an_adapter() -> None:
    assert files_beside(registry, except_for=SHARED) == set(KINDS)


def test_every_kind_of_the_configuration_is_an_action_of_its_own() -> None:
    actions = {type(HookConfig.model_validate({kind: VALUES[kind]}).action) for kind in KINDS}
    assert actions == set(get_args(HookAction))


def test_an_unknown_kind_is_refused_with_its_path_and_the_known_kinds() -> None:
    message = refused_hook({"state_machine": "smoke-test"})
    assert "hooks.smoke: give exactly one kind of hook (function, command, webhook)" in message
    assert "the keys here are state_machine" in message


def test_an_unknown_kind_beside_a_known_one_is_refused_with_its_path() -> None:
    assert "hooks.smoke.state_machine: unknown key" in refused_hook({"function": "f", "state_machine": "s"})


@pytest.mark.parametrize("kinds", [("function", "command"), ("command", "webhook"), ()])
def test_two_kinds_or_none_are_refused(kinds: tuple[str, ...]) -> None:
    hook = {"at": "BeforeAllowTraffic"} | {kind: VALUES[kind] for kind in kinds}
    assert "hooks.smoke: give exactly one kind of hook" in refused_hook(hook)
