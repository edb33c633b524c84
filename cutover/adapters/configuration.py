"""The Configuration port: ARNs of secrets and parameters, pinned to what they are now; values are never read."""

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import InvalidInput

_CURRENT = "AWSCURRENT"
_UNKNOWN = ("ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound")


class AwsConfiguration:
    """Implements `cutover.ports.Configuration`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pin(self, reference: str) -> str:
        """The ARN with its version, as a task definition's `valueFrom` takes it.

        A secret becomes `ARN:json-key::version-id`, a parameter `ARN:version`
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html and
        https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html).

        Raises:
            InvalidInput: it does not exist, or is neither.
        """
        from botocore.exceptions import ClientError

        service = reference.split(":")[2]
        with aws_errors("pin a secret"):
            try:
                if service == "secretsmanager":
                    return self._secret(reference)
                if service == "ssm":
                    return self._parameter(reference)
            except ClientError as error:
                if error_code(error) in _UNKNOWN:
                    message = f"there is no {reference}"
                    raise InvalidInput("SECRET_MISSING", message, "mend release.secrets") from error
                raise
        message = f"{reference} is neither in Secrets Manager nor in the Parameter Store"
        raise InvalidInput("SECRET_INVALID", message, "mend release.secrets")

    def _secret(self, reference: str) -> str:
        parts = [*reference.split(":"), "", "", ""]
        secret, key, version = ":".join(parts[:7]), parts[7], parts[9]
        found = self._session.secretsmanager.describe_secret(SecretId=secret)
        if not version:
            stages = found.get("VersionIdsToStages", {})
            version = next((known for known, names in stages.items() if _CURRENT in names), "")
        if not version:
            raise InvalidInput("SECRET_MISSING", f"{secret} has no current version", "put a value into the secret")
        return f"{found['ARN']}:{key}::{version}"

    def _parameter(self, reference: str) -> str:
        arn, _, last = reference.rpartition(":")
        pinned = last.isdigit() and ":parameter/" in arn
        name = (arn if pinned else reference).partition(":parameter")[2]
        # DescribeParameters tells the version without the value.
        page = self._session.ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
        )
        if not page["Parameters"] and name.startswith("/") and "/" not in name[1:]:
            # A name without a path is written into the ARN with a slash that is not its own.
            page = self._session.ssm.describe_parameters(
                ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name[1:]]}]
            )
        if not page["Parameters"]:
            raise InvalidInput("SECRET_MISSING", f"there is no {reference}", "mend release.secrets")
        return reference if pinned else f"{reference}:{page['Parameters'][0]['Version']}"
