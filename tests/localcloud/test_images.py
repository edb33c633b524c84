"""Images have the same digest everywhere, and errors name what is not supported."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cutover.localcloud.dockerfile import UnsupportedDockerfile, parse
from cutover.localcloud.images import ImageError, build, config, unpack

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture
def ecr() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("ecr", region_name="eu-central-1")
        client.create_repository(repositoryName="shop", imageTagMutability="IMMUTABLE")
        yield client


def test_the_same_directory_and_arguments_give_the_same_digest(ecr: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(SHOP, copy, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile)
    here = build(SHOP, "shop", "1", ecr=ecr, images_dir=tmp_path / "a", build_args={"VERSION": "1"})
    there = build(copy, "shop", "1", ecr=ecr, images_dir=tmp_path / "b", build_args={"VERSION": "1"})
    assert here == there


def test_another_build_argument_gives_another_digest(ecr: Any, tmp_path: Path) -> None:
    one = build(SHOP, "shop", "1", ecr=ecr, images_dir=tmp_path, build_args={"VERSION": "1"})
    two = build(SHOP, "shop", "2", ecr=ecr, images_dir=tmp_path, build_args={"VERSION": "2"})
    assert one.digest != two.digest


def test_the_registry_knows_the_image_by_its_digest(ecr: Any, tmp_path: Path) -> None:
    image = build(SHOP, "shop", "1", ecr=ecr, images_dir=tmp_path)
    known = ecr.describe_images(repositoryName="shop", imageIds=[{"imageTag": "1"}])["imageDetails"][0]
    assert known["imageDigest"] == image.digest
    assert image.uri.endswith(f"/shop@{image.digest}")


def test_an_immutable_tag_keeps_its_image(ecr: Any, tmp_path: Path) -> None:
    build(SHOP, "shop", "1", ecr=ecr, images_dir=tmp_path, build_args={"VERSION": "1"})
    with pytest.raises(ImageError, match="immutable"):
        build(SHOP, "shop", "1", ecr=ecr, images_dir=tmp_path, build_args={"VERSION": "2"})


def test_the_error_for_a_missing_repository_names_the_command_that_creates_it(ecr: Any, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cutover bootstrap"):
        build(SHOP, "other", "1", ecr=ecr, images_dir=tmp_path)


def test_an_unpacked_image_has_its_files_and_its_configuration(ecr: Any, tmp_path: Path) -> None:
    image = build(SHOP, "shop", "1", ecr=ecr, images_dir=tmp_path, build_args={"VERSION": "7"})
    root = unpack(image.digest, tmp_path)
    assert (root / "app/server.py").read_bytes() == (SHOP / "server.py").read_bytes()
    settings = config(image.digest, tmp_path)
    assert settings.entrypoint == ("python3", "-S", "-E", "/app/server.py")
    assert dict(settings.environment).items() >= {"VERSION": "7", "BEHAVIOUR": "good"}.items()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("FROM scratch\nRUN pip install x", "line 2: RUN"),
        ("FROM nginx:1", "FROM nginx:1"),
        ("FROM scratch\nCMD python3 server.py", "CMD takes the exec form"),
        ("FROM scratch\nCOPY --chown=1 a /b", "COPY takes"),
        ("FROM scratch\nCOPY a b", "COPY takes"),
        ("FROM scratch\nENV A", "ENV takes"),
    ],
)
def test_an_unsupported_instruction_is_rejected_by_name(text: str, named: str) -> None:
    with pytest.raises(UnsupportedDockerfile, match=named):
        parse(text, {})


def test_an_undeclared_build_argument_is_rejected() -> None:
    with pytest.raises(UnsupportedDockerfile, match="VERISON"):
        parse("FROM scratch\nARG VERSION", {"VERISON": "1"})


def test_a_file_outside_the_directory_is_not_copied(ecr: Any, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text("FROM scratch\nCOPY ../secret /secret\n")
    (tmp_path / "secret").write_text("x")
    with pytest.raises(ImageError, match="there is no such file"):
        build(tmp_path / "app", "shop", "1", ecr=ecr, images_dir=tmp_path / "images")
