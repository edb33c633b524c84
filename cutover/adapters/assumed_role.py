"""A boto3 session with the credentials of a role, which are renewed before they expire."""

from typing import TYPE_CHECKING, Any

from cutover.config.schema import AssumeRole

if TYPE_CHECKING:
    import boto3


def assume_role(source: "boto3.Session", role: AssumeRole, endpoint: str | None) -> "boto3.Session":
    """Return a session of `role`, assumed with the credentials of `source`; STS is called at the first use.

    botocore renews the credentials when less than 15 minutes of them are left, so a long deployment keeps valid ones
    for as long as the source's credentials are valid.
    """
    import boto3
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        Credentials,
        DeferredRefreshableCredentials,
    )
    from botocore.session import get_session

    def sts(_: str, **credentials: Any) -> Any:
        return boto3.client("sts", region_name=source.region_name, endpoint_url=endpoint, **credentials)

    fetcher = AssumeRoleCredentialFetcher(
        client_creator=sts,
        source_credentials=source.get_credentials(),
        role_arn=role.arn,
        extra_args=_arguments(role),
    )
    credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    class Given(CredentialProvider):
        """Has the credentials already, for botocore's resolver, which is what a session asks."""

        METHOD = CANONICAL_NAME = "assume-role"

        def load(self) -> Credentials:
            return credentials

    session = get_session()
    session.register_component("credential_provider", CredentialResolver([Given()]))
    return boto3.Session(botocore_session=session, region_name=source.region_name)


def _arguments(role: AssumeRole) -> dict[str, object]:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
    arguments: dict[str, object] = {"RoleSessionName": role.session_name, "DurationSeconds": round(role.duration)}
    if role.external_id:
        arguments["ExternalId"] = role.external_id
    if role.session_tags:
        arguments["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(role.session_tags.items())]
    return arguments
