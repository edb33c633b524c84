"""Permissions to create and update the platform stack: tables, bucket, repositories. They delete none of these."""

from cutover.permissions.documents import Statement
from cutover.permissions.names import Names

_TABLE = (
    "CreateTable",
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "ListTagsOfResource",
    "TagResource",
    "UpdateContinuousBackups",
)
_BUCKET = (
    "CreateBucket",
    "GetAccelerateConfiguration",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLogging",
    "GetBucketObjectLockConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPublicAccessBlock",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetLifecycleConfiguration",
    "GetReplicationConfiguration",
    "ListBucket",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutEncryptionConfiguration",
    "PutLifecycleConfiguration",
)
_REPOSITORY = (
    "CreateRepository",
    "DescribeRepositories",
    "GetLifecyclePolicy",
    "ListTagsForResource",
    "PutLifecyclePolicy",
    "TagResource",
    "UntagResource",
)


def platform(names: Names) -> tuple[Statement, ...]:
    """Create and update the tables, the bucket and the repositories."""
    repositories = tuple(names.arn("ecr", f"repository/{name}") for name in names.config.records.repositories)
    statements = [
        Statement("Tables", _actions("dynamodb", _TABLE), names.tables),
        Statement("TableKey", ("kms:DescribeKey",), (names.arn("kms", "key/*"),)),
        Statement("Bucket", _actions("s3", _BUCKET), (names.bucket,)),
    ]
    if repositories:
        statements.append(Statement("Repositories", _actions("ecr", _REPOSITORY), repositories))
    return tuple(statements)


def _actions(service: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)
