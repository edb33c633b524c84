"""What is refused before anything is touched, with the exit code that pipelines rely on."""

import json

import pytest

from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def test_a_wrong_file_is_exit_2_with_every_error(shell: Shell) -> None:
    before = (shell.project / "Pulumi.local.yaml").read_text(encoding="utf-8")
    shell.edit(r"cpu: 256", "cpu: 300")
    shell.edit(r"port: 8080", "prot: 8080")
    ended = shell.cutover("deploy")
    (shell.project / "Pulumi.local.yaml").write_text(before, encoding="utf-8")
    assert ended.code == 2
    assert "release.prot: unknown key" in ended.err
    assert "cpu 300" in ended.err


def test_an_image_that_is_not_there_is_exit_2(shell: Shell) -> None:
    shell.edit(r"image: shop:\S+", "image: shop:never-built")
    ended = shell.cutover("deploy")
    assert (ended.code, ended.last["error"]["code"]) == (2, "IMAGE_MISSING")


def test_another_account_is_exit_4(shell: Shell) -> None:
    shell.edit(r'account_id: "123456789012"', 'account_id: "999999999999"')
    ended = shell.cutover("deploy")
    shell.edit(r'account_id: "999999999999"', 'account_id: "123456789012"')
    assert (ended.code, ended.last["error"]["code"]) == (4, "WRONG_ACCOUNT")


def test_nothing_was_recorded_by_what_was_refused(shell: Shell) -> None:
    shell.edit(r"image: shop:\S+", "image: shop:never-built")
    shell.cutover("deploy")
    assert shell.cutover("status").last["execution_id"] is None


def test_doctor_finds_everything_in_order(shell: Shell) -> None:
    ended = shell.cutover("doctor")
    assert ended.code == 0, ended.out
    assert {check["result"] for check in json.loads(ended.out)} == {"OK"}
