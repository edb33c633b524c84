"""Repositories: the ECR repositories of one application."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecr

_KEEP_UNTAGGED_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoriesArgs:
    """Names and protection of the repositories."""

    names: Sequence[str]
    deletion_protection: bool
    """Whether the repositories are protected from deletion, also while they have images."""
    pull_accounts: Sequence[str] = ()
    """Other accounts whose environments pull the images."""
    partition: str = "aws"
    """ARN partition: `aws`, `aws-cn` or `aws-us-gov`."""


class Repositories(pulumi.ComponentResource):
    """Repositories with immutable tags that scan pushed images (Security Hub ECR.1, .2) and expire untagged ones."""

    urls: dict[str, pulumi.Output[str]]
    """Repository name → URL to push images to."""

    def __init__(self, name: str, args: RepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:repositories:Repositories", name, None, opts)
        keep = pulumi.ResourceOptions(parent=self, protect=args.deletion_protection)
        self.urls = {
            repository: _repository(f"{name}-{repository}", repository, args, keep).repository_url
            for repository in args.names
        }
        self.register_outputs({"urls": self.urls})


def _repository(name: str, repository: str, args: RepositoriesArgs, keep: pulumi.ResourceOptions) -> ecr.Repository:
    created = ecr.Repository(
        name,
        name=repository,
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "AES256"}],
        force_delete=not args.deletion_protection,
        opts=keep,
    )
    child = pulumi.ResourceOptions(parent=keep.parent)
    ecr.LifecyclePolicy(name, repository=created.name, policy=untagged_expire(), opts=child)
    if args.pull_accounts:
        policy = pull_policy(args.pull_accounts, args.partition)
        ecr.RepositoryPolicy(name, repository=created.name, policy=policy, opts=child)
    return created


def pull_policy(accounts: Sequence[str], partition: str) -> str:
    """Return a repository policy with which the accounts look up and pull images
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html)."""
    statement = {
        "Sid": "PullFromOtherAccounts",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:{partition}:iam::{account}:root" for account in sorted(accounts)]},
        "Action": [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:DescribeImages",
            "ecr:GetDownloadUrlForLayer",
        ],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def untagged_expire() -> str:
    """Return a lifecycle policy that expires untagged images after 14 days.

    Tagged images do not expire, because a release can be created from them again.
    """
    rule = {
        "rulePriority": 1,
        "description": "untagged images",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": _KEEP_UNTAGGED_DAYS,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})
