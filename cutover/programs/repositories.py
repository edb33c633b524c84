"""The program of an application's repositories. Its stack is shared by the environments of the application."""

from collections.abc import Sequence

import pulumi

from cutover.components.repositories import Repositories, RepositoriesArgs
from cutover.config import EnvironmentConfig
from cutover.config.partitions import partition
from cutover.programs.provider import aws_provider


def repositories_program(config: EnvironmentConfig, names: Sequence[str], *, protected: bool) -> None:
    """Create the repositories `names`, and export their URLs by name."""
    arns = partition(config.provider.region)
    tags = {**config.tags, "cutover:account": config.provider.account_id, "cutover:application": config.application}
    repositories = Repositories(
        config.application,
        RepositoriesArgs(
            names=names, deletion_protection=protected, pull_accounts=config.records.pull_accounts, partition=arns
        ),
        pulumi.ResourceOptions(provider=aws_provider(config.provider, tags)),
    )
    pulumi.export("repositories", repositories.urls)
