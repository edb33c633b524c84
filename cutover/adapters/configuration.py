"""The Configuration port: pins secrets and parameters to their current versions, and never reads their values."""

from collections.abc import Iterator
from contextlib import contextmanager

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import InvalidInput

_CURRENT = "AWSCURRENT"
_UNKNOWN = ("ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound")


class AwsConfiguration:
    """Implements `cutover.ports.Configuration`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pin(self, reference: str) -> str:
        """The ARN with its version, in the format of `valueFrom` in a task definition.

        A secret becomes `ARN:json-key::version-id`, a parameter `ARN:version`
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html and
        https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html).

        Raises:
            InvalidInput: there is no such secret or parameter, or the ARN is of another service.
        """
        service = reference.split(":")[2]
        if service == "secretsmanager":
            with aws_errors("DescribeSecret"), _unknown_as_missing(reference):
                return self._secret(reference)
        if service == "ssm":
            with aws_errors("DescribeParameters"), _unknown_as_missing(reference):
                return self._parameter(reference)
        message = f"{reference} is not an ARN of Secrets Manager or the Parameter Store; correct release.secrets"
        raise InvalidInput("SECRET_INVALID", message)

    def _secret(self, reference: str) -> str:
        parts = [*reference.split(":"), "", "", ""]
        secret, key, version = ":".join(parts[:7]), parts[7], parts[9]
        description = self._session.secretsmanager.describe_secret(SecretId=secret)
        if not version:
            stages = description.get("VersionIdsToStages", {})
            version = next((version_id for version_id, names in stages.items() if _CURRENT in names), "")
        if not version:
            raise InvalidInput("SECRET_MISSING", f"the secret {secret} has no current value; put a value into it")
        return f"{description['ARN']}:{key}::{version}"

    def _parameter(self, reference: str) -> str:
        arn, _, last = reference.rpartition(":")
        pinned = last.isdigit() and ":parameter/" in arn
        name = (arn if pinned else reference).partition(":parameter")[2]
        # DescribeParameters returns the version without the value.
        page = self._session.ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
        )
        if not page["Parameters"] and name.startswith("/") and "/" not in name[1:]:
            # The ARN of a parameter without a path has a slash that is not part of its name.
            page = self._session.ssm.describe_parameters(
                ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name[1:]]}]
            )
        if not page["Parameters"]:
            raise _missing(reference)
        return reference if pinned else f"{reference}:{page['Parameters'][0]['Version']}"


@contextmanager
def _unknown_as_missing(reference: str) -> Iterator[None]:
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) in _UNKNOWN:
            raise _missing(reference) from error
        raise


def _missing(reference: str) -> InvalidInput:
    return InvalidInput("SECRET_MISSING", f"there is no secret or parameter {reference}; correct release.secrets")
