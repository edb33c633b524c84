"""The file of a release keeps the recorded name and digest, also when a later version computes another digest."""

import re
from pathlib import Path

import pytest

from cutover.cli.release_render import commands_for
from cutover.domain import Manifest, ReleaseRef
from cutover.domain.errors import InvalidInput
from cutover.programs.render import load_release, render_release
from support.fakes import config_for, manifest_for

CONFIG = config_for("v1")
MANIFEST = manifest_for(CONFIG)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The rendered file of a release, under the name of its stack."""
    path = tmp_path / f"Pulumi.{MANIFEST.ref.release}.yaml"
    path.write_text(render_release(CONFIG, MANIFEST, MANIFEST.ref))
    return path


def test_a_rendered_file_has_the_provider_the_manifest_and_the_reference(file: Path) -> None:
    assert load_release(file) == (CONFIG.provider, MANIFEST, MANIFEST.ref)


def test_a_file_keeps_its_digest_when_a_later_version_computes_another_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = MANIFEST.ref
    monkeypatch.setattr(Manifest, "digest", property(lambda _: "f" * 64))
    assert load_release(file)[2] == recorded


def test_an_edited_manifest_is_refused(file: Path) -> None:
    file.write_text(re.sub(r"cpu: \d+", "cpu: 4096", file.read_text()))
    with pytest.raises(InvalidInput) as edited:
        load_release(file)
    assert edited.value.code == "RELEASE_EDITED"


def test_the_prefix_of_all_names_comes_from_the_recorded_digest() -> None:
    ref = ReleaseRef(release="prod-v1-01234567", version="v1", digest="0123456789abcdef" * 4)
    assert ref.resource_prefix("a-long-application") == "a-long-appl-01234567"


@pytest.mark.parametrize(
    ("state", "option"),
    [
        ({"backend": "file:///state"}, ""),
        ({"backend": "https://api.pulumi.com"}, ""),
        ({"backend": "account"}, " --secrets-provider 'awskms://alias/cutover-state?region=eu-west-1'"),
    ],
)
def test_the_printed_commands_name_the_key_that_encrypts_the_secrets_of_a_stack(
    state: dict[str, str], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    commands = commands_for(config_for("v1", state=state), "prod-v1-aaaaaaaa")
    assert commands == [f"pulumi stack init prod-v1-aaaaaaaa{option}", "pulumi up -s prod-v1-aaaaaaaa"]
