"""The explicit AWS provider of a stack. It uses the same settings as the driver's own AWS calls."""

from collections.abc import Mapping

import pulumi_aws as aws

from cutover.config.schema import AssumeRole, Provider

_SERVICES = (
    "cloudwatch", "dynamodb", "ec2", "ecr", "ecs", "elbv2", "iam", "logs", "s3", "s3control", "ssm", "sts", "wafv2",
)  # fmt: skip


def aws_provider(settings: Provider, tags: Mapping[str, str]) -> aws.Provider:
    """Create the provider. It adds `tags` to every resource that supports tags."""
    endpoints = [aws.ProviderEndpointArgs(**dict.fromkeys(_SERVICES, settings.endpoint))] if settings.endpoint else None
    return aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile,
        access_key=settings.access_key,
        secret_key=settings.secret_key,
        assume_roles=None if settings.assume_role is None else [_assumed(settings.assume_role)],
        # If the AWS plugin does not request the account id, it cannot compare it with the allowed one.
        allowed_account_ids=None if settings.skip_requesting_account_id else [settings.account_id],
        endpoints=endpoints,
        skip_credentials_validation=settings.skip_credentials_validation or None,
        skip_metadata_api_check=settings.skip_metadata_api_check or None,
        skip_requesting_account_id=settings.skip_requesting_account_id or None,
        s3_use_path_style=settings.s3_use_path_style or None,
        http_proxy=settings.http_proxy,
        max_retries=settings.max_retries,
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
    )


def _assumed(role: AssumeRole) -> aws.ProviderAssumeRoleArgs:
    """The role for the AWS plugin, which renews its credentials itself."""
    return aws.ProviderAssumeRoleArgs(
        role_arn=role.arn,
        external_id=role.external_id,
        session_name=role.session_name,
        tags=role.session_tags or None,
        duration=f"{round(role.duration)}s",
    )
