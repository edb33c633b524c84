"""`cutover local image build`: build an image and push it to the local registry."""

import json
from dataclasses import asdict
from pathlib import Path

from cutover.cli.context import Context
from cutover.cli.local.cloud import running_cloud, state_dir
from cutover.domain.errors import InvalidInput


def run(context: Context, folder: Path, tag: str, build_args: list[str]) -> int:
    """Build the folder's Dockerfile, push the image, and print its digest."""
    from cutover.localcloud import process
    from cutover.localcloud.images import ImageError
    from cutover.localcloud.images import build as build_image

    running = running_cloud()
    name, colon, image_version = tag.rpartition(":")
    pairs = [argument.partition("=") for argument in build_args]
    if not (name and colon and image_version) or not all(key and equals for key, equals, _ in pairs):
        message = f"--tag needs the form NAME:VERSION, and --build-arg NAME=VALUE; they are {tag!r} and {build_args}"
        raise InvalidInput("IMAGE_INVALID", message, "cutover local image build --help")
    arguments = {key: value for key, _, value in pairs}
    registry, images = process.registry(running), state_dir() / "images"
    try:
        image = build_image(folder, name, image_version, ecr=registry, images_dir=images, build_args=arguments)
    except ImageError as error:
        raise InvalidInput("IMAGE_INVALID", str(error), "cutover -e local bootstrap") from error
    print(json.dumps(asdict(image)) if context.json else f"✔ {tag} is {image.digest}")
    return 0
