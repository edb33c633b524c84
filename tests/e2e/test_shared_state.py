"""State in S3 with a key of KMS, read and written by the engine's own code: two machines share it, and it can fail.

The two machines have no file in common: each has a home, a PULUMI_HOME and a folder of its own.
"""

import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover.cli.local.cloud import variables as local_variables
from cutover.localcloud import process
from cutover.localcloud.provider.install import install
from support.shell import ROOT, Shell, stop, until

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

BUCKET = "cutover-state-123456789012-eu-west-1"
STATE = ".pulumi/stacks/shop/local.json"
ONLY_HERE = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE")


def machine(shell: Shell, folder: Path) -> Shell:
    """A machine with its own copy of the project, whose file names the bucket of the account."""
    home, project = folder / "home", folder / "project"
    home.mkdir(parents=True)
    install(home / ".pulumi")
    shutil.copytree(shell.project, project)
    variables = {name: value for name, value in shell.variables.items() if name not in ONLY_HERE}
    variables |= {"HOME": str(home), "PULUMI_HOME": str(home / ".pulumi"), "CUTOVER_LOCAL": str(folder / "none")}
    return replace(shell, project=project, variables=variables)


@pytest.fixture(scope="module")
def laptop(local_cloud: tuple[Path, process.Status], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The first machine, which has bootstrapped the environment."""
    import os

    folder, running = local_cloud
    project = tmp_path_factory.mktemp("shared")
    for name in ("Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    shell = Shell(project, {**os.environ, **local_variables(folder, running), "PYTHONPATH": str(ROOT)})
    shell.edit(r"endpoint: \S+", f"endpoint: {running.endpoint}")
    shell.edit(r"http_proxy: \S+", f"http_proxy: {running.endpoint}")
    shell.edit(r"  cutover:records:\n", "  cutover:state: {backend: account}\n\n  cutover:records:\n")
    shell.edit(r"encryptionsalt: \S+", "")
    for long, short in {"bake: 5s": "bake: 1s", "margin: 1s": "margin: 100ms", "drain: 2s": "drain: 1s"}.items():
        shell.edit(long, short)
    # The images are built through the local cloud's own folder.
    builder = replace(shell, variables=shell.variables | {"CUTOVER_LOCAL": str(folder)})
    laptop = machine(shell, tmp_path_factory.mktemp("laptop"))
    bootstrapped = laptop.cutover("bootstrap")
    assert bootstrapped.code == 0, bootstrapped.err
    for version in ("1.0.0", "2.0.0"):
        builder.set_release(version)
    laptop.edit(r"image: shop:\S+", "image: shop:1.0.0")
    return laptop


@pytest.fixture(scope="module")
def runner(laptop: Shell, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The second machine: a pipeline's runner with a fresh checkout."""
    return machine(laptop, tmp_path_factory.mktemp("runner"))


def s3(shell: Shell) -> Any:
    import boto3

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("s3", endpoint_url=shell.variables["AWS_ENDPOINT_URL"], region_name="eu-west-1", **keys)


def set_version(shell: Shell, version: str) -> None:
    shell.edit(r"version: \S+", f"version: {version}")
    shell.edit(r"image: shop:\S+", f"image: shop:{version}")


def test_bootstrap_adds_the_key_to_the_file_and_plain_pulumi_sees_the_same_state(laptop: Shell) -> None:
    file = (laptop.project / "Pulumi.local.yaml").read_text(encoding="utf-8")
    assert re.search(r"^encryptedkey: \S+", file, re.MULTILINE)
    exports = laptop.cutover("state", "env").last
    by_hand = replace(laptop, variables=laptop.variables | exports)
    ended = by_hand.run("pulumi", "preview", "-s", "local", "--expect-no-changes", "--non-interactive")
    assert ended.code == 0, ended.out + ended.err


def test_a_deployment_interrupted_on_one_machine_is_resumed_on_another(laptop: Shell, runner: Shell) -> None:
    set_version(laptop, "1.0.0")
    driver = laptop.start("deploy")
    until(driver, "intent", "creating")
    assert stop(driver, signal.SIGTERM) == 130
    set_version(runner, "1.0.0")
    ended = runner.cutover("resume")
    assert ended.code == 0, ended.err
    assert [share["weight"] for share in ended.last["traffic"]] == [100]


def test_the_next_version_is_deployed_by_the_other_machine(runner: Shell) -> None:
    set_version(runner, "2.0.0")
    ended = runner.cutover("deploy")
    assert ended.code == 0, ended.err


def test_the_stacks_the_records_and_the_world_agree_until_a_stack_has_no_record(laptop: Shell, runner: Shell) -> None:
    checked = runner.cutover("state", "check")
    assert (checked.code, checked.last_list) == (0, [])
    by_hand = replace(laptop, variables=laptop.variables | laptop.cutover("state", "env").last)
    provider = "awskms://alias/cutover-state?region=eu-west-1&endpoint=" + laptop.variables["AWS_ENDPOINT_URL"]
    made = by_hand.run("pulumi", "stack", "init", "local-9.9.9-aaaaaaaa", "--secrets-provider", provider)
    assert made.code == 0, made.err
    (finding,) = runner.cutover("state", "check").last_list
    assert finding["repair"] == "pulumi destroy -s local-9.9.9-aaaaaaaa"
    assert by_hand.run("pulumi", "stack", "rm", "local-9.9.9-aaaaaaaa", "--yes").code == 0


def test_a_lost_state_is_reported_and_restored_from_a_version_of_its_object(laptop: Shell, runner: Shell) -> None:
    s3(laptop).delete_object(Bucket=BUCKET, Key=STATE)
    lost = laptop.cutover("bootstrap")
    assert (lost.code, lost.last["error"]["code"]) == (3, "STATE_LOST")
    versions = s3(laptop).list_object_versions(Bucket=BUCKET, Prefix=STATE)["Versions"]
    newest = next(each for each in versions if each["Key"] == STATE)
    body = s3(laptop).get_object(Bucket=BUCKET, Key=STATE, VersionId=newest["VersionId"])["Body"].read()
    s3(laptop).put_object(Bucket=BUCKET, Key=STATE, Body=body)
    assert runner.cutover("preview").code == 0


def test_without_the_bucket_a_deployment_stops_and_a_rollback_takes_the_traffic_back(
    laptop: Shell, runner: Shell
) -> None:
    before = runner.cutover("status").last["traffic"]
    for shell in (laptop, runner):
        shell.edit(r"\{backend: account\}", '{backend: "s3://cutover-gone?region=eu-west-1"}')
    ended = laptop.cutover("deploy")
    assert (ended.code, ended.last["error"]["code"]) == (4, "STATE_MISSING"), ended.err
    assert laptop.cutover("status").last["traffic"] == before
    assert laptop.cutover("rollback").code == 0
    traffic = laptop.cutover("status").last["traffic"]
    assert [share["version"] for share in traffic if share["weight"]] == ["1.0.0"]
