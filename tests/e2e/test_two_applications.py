"""Two applications with environments of the same name, in one account and one Pulumi backend."""

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.local_aws import clients
from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


@pytest.fixture(scope="module")
def cart(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A copy of the shop's folder for another application, whose Pulumi.yaml still names the shop's project."""
    folder = tmp_path_factory.mktemp("cart") / "cart"
    shutil.copytree(shell.project, folder)
    cart = replace(shell, project=folder)
    cart.edit(r"cutover:application: shop", "cutover:application: cart")
    cart.edit(r"    repositories:\n      - shop\n", "    repositories: []\n")
    return cart


def listeners(shell: Shell) -> list[Any]:
    settings = (shell.project / "Pulumi.local.yaml").read_text(encoding="utf-8")
    endpoint = re.search(r"endpoint: (\S+)", settings)
    assert endpoint
    elbv2 = clients(endpoint[1])("elbv2")
    balancers = elbv2.describe_load_balancers()["LoadBalancers"]
    return [elbv2.describe_listeners(LoadBalancerArn=each["LoadBalancerArn"])["Listeners"] for each in balancers]


def test_an_application_does_not_adopt_the_stack_of_another_one(shell: Shell, cart: Shell) -> None:
    before = listeners(shell)
    ended = cart.cutover("bootstrap")
    assert (ended.code, ended.last["error"]["code"]) == (3, "FOREIGN_STACK"), ended.err
    assert "shop" in ended.err
    assert listeners(shell) == before


def test_a_project_of_its_own_gives_an_application_stacks_of_its_own(shell: Shell, cart: Shell) -> None:
    before = listeners(shell)
    file = cart.project / "Pulumi.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("name: shop", "name: cart", 1), encoding="utf-8")
    ended = cart.cutover("bootstrap")
    assert ended.code == 0, ended.err
    assert before[0] in listeners(shell)
    assert len(listeners(shell)) == 2
    assert shell.cutover("bootstrap").code == 0
    assert len(listeners(shell)) == 2


def test_the_verbs_run_in_the_chosen_folder(shell: Shell, cart: Shell) -> None:
    elsewhere = replace(shell, project=Path("/"))
    ended = elsewhere.run(*_command(cart.project), "status")
    assert ended.code == 0, ended.err
    assert ended.last["application"] == "cart"
    refused = elsewhere.run(*_command(cart.project), "resume")
    assert f"next: cutover -C {cart.project} -e local history" in refused.err


def test_a_changed_project_name_is_refused_and_names_the_recorded_one(cart: Shell) -> None:
    file = cart.project / "Pulumi.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("name: cart", "name: basket", 1), encoding="utf-8")
    ended = cart.cutover("bootstrap")
    file.write_text(text, encoding="utf-8")
    assert (ended.code, ended.last["error"]["code"]) == (3, "PROJECT_CHANGED"), ended.err
    assert "project cart" in ended.err


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "cutover.cli.main", "-C", str(folder), "-e", "local", "--json"]
