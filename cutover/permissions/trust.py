"""Who may assume a role: GitHub's workflows of one repository, or the principals of an account."""

from cutover.config import EnvironmentConfig
from cutover.config.partitions import partition
from cutover.permissions.documents import Document, document

_ISSUER = "token.actions.githubusercontent.com"


def github_trust(config: EnvironmentConfig, repository: str) -> Document:
    """Trust the workflows of `ORG/REPO` that run in the GitHub environment of the same name as this environment.

    https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services
    """
    provider = config.provider
    statement: Document = {
        "Effect": "Allow",
        "Principal": {
            "Federated": f"arn:{partition(provider.region)}:iam::{provider.account_id}:oidc-provider/{_ISSUER}"
        },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{_ISSUER}:aud": "sts.amazonaws.com",
                f"{_ISSUER}:sub": f"repo:{repository}:environment:{config.environment}",
            }
        },
    }
    return document([statement])


def account_trust(config: EnvironmentConfig) -> Document:
    """Trust the principals of the environment's account that may assume roles, and their session tags."""
    provider = config.provider
    statement: Document = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition(provider.region)}:iam::{provider.account_id}:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    return document([statement])
