"""The bucket and the key of Pulumi's state, in no stack: made by direct calls, and checked for their owner.

`StateBucket.create` is for `cutover bootstrap`, `StateBucket.check` for every run. Both can be repeated, and two
processes can create at the same time: S3 and KMS let one of them win, and the other one uses what it made.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.config.state import KEY_ALIAS, NO_STACK, StateStore, region_of
from cutover.domain.errors import PreflightFailed, Refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEEP_OLD_DAYS, _KEEP_OLD_VERSIONS = 90, 10
_KEY_PENDING_DAYS = 7
_ATTEMPTS, _AGAIN_SECONDS = 20, 0.5
_OURS = "BucketAlreadyOwnedByYou"
# Another request creates or changes the bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_BUSY = "OperationAborted"


class StateBucket:
    """The S3 bucket of a `StateStore`; does nothing for the other backends."""

    def __init__(self, session: Session, store: StateStore, pause: Callable[[float], None] = time.sleep) -> None:
        self._session, self._store, self._pause = session, store, pause

    def create(self) -> None:
        """Create the bucket and the key of the account, or complete what another run has begun; then check the owner.

        Raises:
            Refused: the bucket belongs to another account.
        """
        if self._store.managed and self._store.bucket is not None:
            self._create_bucket(self._store.bucket)
            for setting in self._settings(self._store.bucket):
                self._unless_busy(setting)
            if KEY_ALIAS in self._store.secrets_provider:
                self._create_key()
        self.check()

    def check(self) -> None:
        """Make sure that the bucket exists and has the expected owner.

        Raises:
            PreflightFailed: there is no such bucket, or S3 denies the call: the owner is another one, or a policy is
                missing.
            TransientFailure: S3 does not answer now.
        """
        from botocore.exceptions import ClientError

        bucket, owner = self._store.bucket, self._store.bucket_owner
        if bucket is None:
            _check_folder(self._store.url)
            return
        with aws_errors("HeadBucket"):
            try:
                self._s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)
            except ClientError as error:
                # A HEAD answer has no body, so the code is the HTTP status.
                if error_code(error) in ("404", "NoSuchBucket"):
                    message = f"the bucket {bucket} with Pulumi's state does not exist"
                    raise PreflightFailed("STATE_MISSING", message, "cutover bootstrap") from error
                if error_code(error) in ("403", "AccessDenied"):
                    message = (
                        f"S3 denies the bucket {bucket} with Pulumi's state: either it does not belong to account "
                        f"{owner}, or these credentials may not list it"
                    )
                    command = f"aws s3api head-bucket --bucket {bucket} --expected-bucket-owner {owner}"
                    raise PreflightFailed("STATE_DENIED", message, command) from error
                raise

    @property
    def _s3(self) -> "S3Client":
        return self._session.s3

    def _create_bucket(self, bucket: str) -> None:
        from botocore.exceptions import ClientError

        region = region_of(self._store, self._session.provider.region)
        # S3 refuses the location us-east-1, which is the default:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        where: dict[str, Any] = (
            {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )

        def create() -> None:
            try:
                self._s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **where)
            except ClientError as error:
                if error_code(error) == "BucketAlreadyExists":
                    message = (
                        f"the bucket {bucket} belongs to another account; name a bucket of your own in state.backend "
                        "of the configuration"
                    )
                    raise Refused("FOREIGN_BUCKET", message, "cutover state env") from error
                if error_code(error) != _OURS:
                    raise

        self._unless_busy(create)

    def _settings(self, bucket: str) -> tuple[Callable[[], object], ...]:
        """Versioned, encrypted, TLS only, without public access, and old versions go after a time."""
        s3, owner = self._s3, {"Bucket": bucket, "ExpectedBucketOwner": self._store.bucket_owner}
        block = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        )
        by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        calls: tuple[tuple[Callable[..., object], dict[str, Any]], ...] = (
            (s3.put_public_access_block, {"PublicAccessBlockConfiguration": block}),
            (s3.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Enabled"}}),
            (s3.put_bucket_encryption, {"ServerSideEncryptionConfiguration": {"Rules": [by_default]}}),
            (s3.put_bucket_policy, {"Policy": _tls_only(bucket, self._session.provider.region)}),
            (s3.put_bucket_lifecycle_configuration, {"LifecycleConfiguration": {"Rules": [_forget_old()]}}),
            (
                s3.put_bucket_tagging,
                {"Tagging": {"TagSet": [{"Key": "cutover:stack", "Value": NO_STACK}]}},
            ),
        )
        return tuple(_bound(call, {**owner, **arguments}) for call, arguments in calls)

    def _unless_busy(self, call: Callable[[], object]) -> None:
        """Call again while S3 says that another process changes the bucket."""
        from botocore.exceptions import ClientError

        with aws_errors(getattr(call, "__name__", "PutBucket")):
            for attempt in range(_ATTEMPTS):
                try:
                    call()
                except ClientError as error:
                    if error_code(error) != _BUSY or attempt == _ATTEMPTS - 1:
                        raise
                    self._pause(_AGAIN_SECONDS)
                else:
                    return

    def _create_key(self) -> None:
        """Create the key under its alias. An alias exists once; the key of a process that lost is deleted again."""
        from botocore.exceptions import ClientError

        kms = self._session.kms
        with aws_errors("CreateKey"):
            try:
                kms.describe_key(KeyId=KEY_ALIAS)
            except ClientError as error:
                if error_code(error) != "NotFoundException":
                    raise
            else:
                return
            key = kms.create_key(
                Description="Secrets in the state of Pulumi's stacks (cutover)",
                Tags=[{"TagKey": "cutover:stack", "TagValue": NO_STACK}],
            )["KeyMetadata"]["KeyId"]
            kms.enable_key_rotation(KeyId=key)
            try:
                kms.create_alias(AliasName=KEY_ALIAS, TargetKeyId=key)
            except ClientError as error:
                kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=_KEY_PENDING_DAYS)
                if error_code(error) != "AlreadyExistsException":
                    raise


def _check_folder(url: str) -> None:
    folder = Path(url.removeprefix("file://").replace("~", str(Path.home()), 1)) if url.startswith("file://") else None
    if folder is not None and not folder.is_dir():
        message = f"the folder {folder} with Pulumi's state does not exist"
        raise PreflightFailed("STATE_MISSING", message, f"mkdir -p {folder}")


def _bound(call: Callable[..., object], arguments: dict[str, Any]) -> Callable[[], object]:
    def bound() -> object:
        return call(**arguments)

    bound.__name__ = getattr(call, "__name__", "PutBucket")
    return bound


def _tls_only(bucket: str, region: str) -> str:
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    arn = f"arn:{partition}:s3:::{bucket}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _forget_old() -> dict[str, Any]:
    """Old versions of a state are kept for 90 days, and its newest ten for ever: they are what a person restores."""
    return {
        "ID": "forget-old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {
            "NoncurrentDays": _KEEP_OLD_DAYS,
            "NewerNoncurrentVersions": _KEEP_OLD_VERSIONS,
        },
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
