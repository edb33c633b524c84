"""The stack of an application's repositories: image tags are immutable, and images are scanned and protected."""

from collections.abc import Callable
from functools import partial
from typing import Any

from cutover.config import EnvironmentConfig
from cutover.programs.repositories import repositories_program


def test_image_tags_are_immutable_and_images_are_scanned(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    resources = run(partial(repositories_program, config, ["shop"], protected=True))
    repository = resources.one("aws:ecr/repository:Repository")
    assert (repository["imageTagMutability"], repository["imageScanningConfiguration"]) == (
        "IMMUTABLE",
        {"scanOnPush": True},
    )
    assert not repository["forceDelete"]
