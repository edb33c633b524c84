"""AWS clients of one environment, and the meaning of AWS's errors."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cutover.config.schema import Provider
from cutover.domain.errors import CutoverError, PreflightFailed, StepFailed, TransientFailure

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient

_ATTEMPTS = 6
_CONNECT_SECONDS, _READ_SECONDS = 5, 20
_URGENT_SECONDS = 1
_KEEP_ALIVE = [
    (socket.IPPROTO_TCP, getattr(socket, name), 60)
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL")
    if hasattr(socket, name)
]
"""Probes of an idle connection each 60 s; a NAT gateway drops it after 350 s."""
_TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServerException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_CREDENTIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)


class Session:
    """Creates each client at its first use and keeps it. boto3 is imported only then too.

    An `urgent` session is for the way back: a call takes about a second at most, and its caller decides about retries.
    """

    def __init__(self, provider: Provider, *, urgent: bool = False) -> None:
        self.provider, self.urgent = provider, urgent

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Amazon DynamoDB."""
        return self._boto.client("dynamodb", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def s3(self) -> "S3Client":
        """Amazon S3."""
        return self._boto.client("s3", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def ecs(self) -> "ECSClient":
        """Amazon ECS."""
        return self._boto.client("ecs", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def elbv2(self) -> "ElasticLoadBalancingv2Client":
        """Elastic Load Balancing."""
        return self._boto.client("elbv2", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Amazon CloudWatch."""
        return self._boto.client("cloudwatch", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def sns(self) -> "SNSClient":
        """Amazon SNS."""
        return self._boto.client("sns", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Amazon EventBridge."""
        return self._boto.client("events", endpoint_url=self.provider.endpoint, config=self._config)

    def functions(self, timeout_seconds: float) -> "LambdaClient":
        """AWS Lambda, with this read time-out and without retries: a hook may not be idempotent.

        The connection of a synchronous invocation is idle until the function returns. TCP keep-alive keeps a NAT
        gateway from dropping it (https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html).
        """
        from botocore.config import Config

        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=timeout_seconds,
            tcp_keepalive=True,
        )
        client = self._boto.client("lambda", endpoint_url=self.provider.endpoint, config=config)
        # botocore has no setting for the first probe, which a kernel sends after two hours. Its pools share this list.
        http_session = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001
        http_session._socket_options.extend(_KEEP_ALIVE)  # noqa: SLF001
        return client

    @cached_property
    def ec2(self) -> "EC2Client":
        """Amazon EC2, for security groups."""
        return self._boto.client("ec2", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def iam(self) -> "IAMClient":
        """AWS IAM."""
        return self._boto.client("iam", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """Amazon CloudWatch Logs."""
        return self._boto.client("logs", endpoint_url=self.provider.endpoint, config=self._config)

    def ecr_in(self, region: str) -> "ECRClient":
        """Amazon ECR of a Region: images can be in another one than the environment."""
        return self._boto.client("ecr", region_name=region, endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def ssm(self) -> "SSMClient":
        """The Parameter Store."""
        return self._boto.client("ssm", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def secretsmanager(self) -> "SecretsManagerClient":
        """AWS Secrets Manager."""
        return self._boto.client("secretsmanager", endpoint_url=self.provider.endpoint, config=self._config)

    @cached_property
    def kms(self) -> Any:
        """AWS KMS, for keys and their aliases; its type stubs are not installed for a few calls."""
        return self._boto.client("kms", endpoint_url=self.provider.endpoint, config=self._config)

    def caller_account(self) -> str:
        """The account of these credentials (twelve digits)."""
        with aws_errors("GetCallerIdentity"):
            sts = self._boto.client("sts", endpoint_url=self.provider.endpoint, config=self._config)
            return sts.get_caller_identity()["Account"]

    def credentials_end(self) -> datetime | None:
        """When the credentials of this process end; None if they are renewed, do not end, or do not say when.

        Credentials in environment variables cannot be renewed: the program that sets them also sets their end in
        AWS_CREDENTIAL_EXPIRATION, as `aws configure export-credentials` does.
        """
        with aws_errors("GetCredentials"):
            credentials = self._source.get_credentials()
        if credentials is None or credentials.method != "env":
            return None
        return _moment(os.environ.get("AWS_CREDENTIAL_EXPIRATION", ""))

    @cached_property
    def _boto(self) -> "boto3.Session":
        if self.provider.assume_role is None:
            return self._source
        from cutover.adapters.assumed_role import assume_role

        return assume_role(self._source, self.provider.assume_role, self.provider.endpoint)

    @cached_property
    def _source(self) -> "boto3.Session":
        import boto3

        return boto3.Session(
            profile_name=self.provider.profile,
            region_name=self.provider.region,
            aws_access_key_id=self.provider.access_key,
            aws_secret_access_key=self.provider.secret_key,
        )

    @cached_property
    def _config(self):  # type: ignore[no-untyped-def]  # noqa: ANN202  botocore is loaded with boto3, not before
        from botocore.config import Config

        return Config(
            retries={"mode": "standard", "total_max_attempts": 1 if self.urgent else _ATTEMPTS + 1},
            connect_timeout=_URGENT_SECONDS if self.urgent else _CONNECT_SECONDS,
            read_timeout=_URGENT_SECONDS if self.urgent else _READ_SECONDS,
            s3={"addressing_style": "path" if self.provider.s3_use_path_style else "auto"},
            user_agent_extra="cutover",
        )


def _moment(text: str) -> datetime | None:
    """A moment in ISO 8601, in UTC if it names no zone; None if the text is empty or something else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def aws_errors(call: str) -> Iterator[None]:
    """Turn every error of botocore into one of cutover. To handle an error of AWS itself, catch it in this context.

    Raises:
        TransientFailure: AWS throttled, timed out or failed, after boto3's own retries, or gave no credentials now.
        PreflightFailed: there are no credentials, they do not allow the call, or the endpoint does not answer.
        StepFailed: any other error, with AWS's code and message.
    """
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        raise _of_aws(call, error, error.response) from error
    except (exceptions.CredentialRetrievalError, exceptions.MetadataRetrievalError) as error:
        # Credentials that are renewed in the middle of an execution: STS or the metadata service did not answer once.
        raise TransientFailure("NO_CREDENTIALS", f"{call}: {error}", "aws sts get-caller-identity") from error
    except (
        exceptions.SSOError,
        exceptions.LoginError,
        exceptions.NoAuthTokenError,
        exceptions.TokenRetrievalError,
    ) as error:
        raise PreflightFailed("NO_CREDENTIALS", f"{call}: {error}", "aws sso login") from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.ConfigNotFound,
        exceptions.ConfigParseError,
    ) as error:
        message = f"{call}: {error}; with IAM Identity Center, sign in with `aws sso login`"
        raise PreflightFailed("NO_CREDENTIALS", message, "aws configure") from error
    except exceptions.EndpointConnectionError as error:
        raise PreflightFailed("UNREACHABLE", f"{call}: {error}", "cutover doctor") from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError) as error:
        raise TransientFailure("AWS_UNREACHABLE", f"{call}: {error}") from error
    except exceptions.ParamValidationError as error:
        raise StepFailed("AWS_REFUSED", f"{call}: {error}") from error
    except exceptions.BotoCoreError as error:
        # What nobody has foreseen is tried again: it says nothing about the release.
        raise TransientFailure("AWS_UNREACHABLE", f"{call}: {error}") from error


def _of_aws(call: str, error: Exception, response: Mapping[str, Any]) -> CutoverError:
    """The error of cutover for an answer of AWS that is an error."""
    code = error_code(error)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    sentence = f"{call}: {code}: {response.get('Error', {}).get('Message', '')}"
    if code in _TRANSIENT or status >= 500:
        return TransientFailure("AWS_UNAVAILABLE", sentence)
    if code in _CREDENTIALS:
        return PreflightFailed("AWS_DENIED", sentence, "aws sts get-caller-identity")
    return StepFailed("AWS_REFUSED", sentence)


def error_code(error: Exception) -> str:
    """The code of a botocore ClientError; empty for any other exception."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return str(code)
