"""Where the state of the stacks is: the file, Pulumi.yaml and the shell must agree, and the account has a default."""

from pathlib import Path

import pytest

from cutover.config.load import parse_environment
from cutover.config.state import ProjectFile, read_project, state_store
from cutover.domain.errors import InvalidInput
from support.fakes import config_for

ACCOUNT = "s3://cutover-state-123456789012-eu-west-1?region=eu-west-1"
TEXT = (Path(__file__).resolve().parents[2] / "Pulumi.local.yaml").read_text(encoding="utf-8")


def with_state(**keys: str) -> str:
    lines = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return TEXT.replace("  cutover:records:\n", f"  cutover:state:\n{lines}  cutover:records:\n")


def test_the_default_is_a_bucket_and_a_key_of_the_account() -> None:
    store = state_store(config_for("v1"), {})
    assert (store.url, store.bucket) == (ACCOUNT, "cutover-state-123456789012-eu-west-1")
    assert store.secrets_provider == "awskms://alias/cutover-state?region=eu-west-1"
    assert store.managed
    assert store.bucket_owner == "123456789012"


def test_the_shells_backend_is_used_where_no_file_names_one() -> None:
    store = state_store(config_for("v1"), {"PULUMI_BACKEND_URL": "gs://shop-state"})
    assert (store.url, store.bucket, store.managed, store.secrets_provider) == (
        "gs://shop-state",
        None,
        False,
        "passphrase",
    )


def test_pulumi_cloud_encrypts_the_secrets_itself() -> None:
    config = config_for("v1", state={"backend": "https://api.pulumi.com"})
    assert state_store(config, {}).secrets_provider == "default"


@pytest.mark.parametrize("url", ["azblob://state", "gs://state", "file:///state", "s3://state?region=eu-west-1"])
def test_every_other_backend_of_pulumi_can_be_named(url: str) -> None:
    config = config_for("v1", state={"backend": url})
    assert state_store(config, {}).url == url
    assert not state_store(config, {}).managed


def test_a_shell_with_another_backend_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"different states") as refused:
        state_store(config_for("v1", state={"backend": "account"}), {"PULUMI_BACKEND_URL": "file:///elsewhere"})
    assert refused.value.code == "STATE_DISAGREES"


def test_a_message_never_shows_the_credentials_of_a_backend() -> None:
    config = config_for("v1", state={"backend": "account"})
    with pytest.raises(InvalidInput) as refused:
        state_store(config, {"PULUMI_BACKEND_URL": "postgres://user:word@database/state?sslmode=x"})
    assert "word" not in refused.value.message
    assert "postgres://database/state" in refused.value.message


def test_the_backend_of_pulumi_yaml_is_used() -> None:
    config = parse_environment(TEXT, "local", "file", ProjectFile("shop", "gs://state"))
    assert (config.project, config.state.backend) == ("shop", "gs://state")


def test_two_files_with_different_backends_are_a_configuration_error() -> None:
    with pytest.raises(InvalidInput, match=r"state\.backend: Pulumi\.yaml names another backend \(gs://state\)"):
        parse_environment(with_state(backend="account"), "local", "file", ProjectFile("shop", "gs://state"))


def test_the_name_of_the_project_is_in_pulumi_yaml_alone() -> None:
    text = TEXT.replace("  cutover:records:\n", "  cutover:project: cart\n  cutover:records:\n")
    with pytest.raises(InvalidInput, match="project: is taken from the name in Pulumi"):
        parse_environment(text, "local", "file", ProjectFile("shop"))


@pytest.mark.parametrize("text", ["runtime: python\n", "name: cutover-platform\n", "name: 'a b'\n", ": ["])
def test_a_project_needs_a_name_that_is_not_the_platforms(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read_project(tmp_path)
    assert refused.value.code == "PROJECT_INVALID"


def test_a_folder_without_pulumi_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_project(tmp_path)
    assert refused.value.code == "PROJECT_MISSING"
