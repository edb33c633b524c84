"""The stack of an application's repositories: image tags are immutable, and images are scanned and protected."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from cutover.config import EnvironmentConfig
from cutover.programs.repositories import repositories_program

POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"


def test_image_tags_are_immutable_and_images_are_scanned(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    resources = run(partial(repositories_program, config, ["shop"], protected=True))
    repository = resources.one("aws:ecr/repository:Repository")
    assert (repository["imageTagMutability"], repository["imageScanningConfiguration"]) == (
        "IMMUTABLE",
        {"scanOnPush": True},
    )
    assert not repository["forceDelete"]


def test_other_accounts_pull_only_if_the_file_names_them(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    assert run(partial(repositories_program, config, ["shop"], protected=True)).of(POLICY) == []
    records = config.records.model_copy(update={"pull_accounts": ("222222222222",)})
    shared = config.model_copy(update={"records": records})
    policy = json.loads(run(partial(repositories_program, shared, ["shop"], protected=True)).one(POLICY)["policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root"]}
    assert {"ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"} < set(statement["Action"])
