"""What is refused before any change, with the exit code that pipelines rely on."""

import json

import pytest

from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def test_an_invalid_file_exits_with_2_and_every_error(shell: Shell) -> None:
    before = (shell.project / "Pulumi.local.yaml").read_text(encoding="utf-8")
    shell.edit(r"cpu: 256", "cpu: 300")
    shell.edit(r"port: 8080", "prot: 8080")
    ended = shell.cutover("deploy")
    (shell.project / "Pulumi.local.yaml").write_text(before, encoding="utf-8")
    assert ended.code == 2
    assert "release.prot: unknown key" in ended.err
    assert "cpu 300" in ended.err


def test_an_image_that_does_not_exist_exits_with_2(shell: Shell) -> None:
    shell.edit(r"image: shop:\S+", "image: shop:never-built")
    ended = shell.cutover("deploy")
    assert (ended.code, ended.last["error"]["code"]) == (2, "IMAGE_MISSING")


def test_credentials_of_another_account_exit_with_4(shell: Shell) -> None:
    shell.edit(r'account_id: "123456789012"', 'account_id: "999999999999"')
    ended = shell.cutover("deploy")
    shell.edit(r'account_id: "999999999999"', 'account_id: "123456789012"')
    assert (ended.code, ended.last["error"]["code"]) == (4, "WRONG_ACCOUNT")


def test_a_refused_deployment_records_nothing(shell: Shell) -> None:
    shell.edit(r"image: shop:\S+", "image: shop:never-built")
    shell.cutover("deploy")
    assert shell.cutover("status").last["execution_id"] is None


def test_every_check_of_doctor_passes(shell: Shell) -> None:
    ended = shell.cutover("doctor")
    assert ended.code == 0, ended.out
    assert {check["result"] for check in json.loads(ended.out)} == {"OK"}
