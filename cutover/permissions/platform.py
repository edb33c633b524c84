"""Permissions to create and update the tables, the bucket and the repositories. They delete none of these."""

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
_POLICY = ("DeleteRepositoryPolicy", "GetRepositoryPolicy", "SetRepositoryPolicy")


def platform(names: Names) -> tuple[Statement, ...]:
    """Create and update the tables and the bucket."""
    return (
        Statement("Tables", _actions("dynamodb", _TABLE), names.tables),
        Statement("TableKey", ("kms:DescribeKey",), (names.arn("kms", "key/*"),)),
        Statement("Bucket", _actions("s3", _BUCKET), (names.bucket,)),
    )


def repositories(names: Names) -> tuple[Statement, ...]:
    """Create and update the repositories of the file, and their policies for other accounts."""
    records = names.config.records
    if not records.repositories:
        return ()
    arns = tuple(names.arn("ecr", f"repository/{name}") for name in records.repositories)
    actions = _actions("ecr", _REPOSITORY) + (_actions("ecr", _POLICY) if records.pull_accounts else ())
    return (Statement("Repositories", actions, arns),)


def _actions(service: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)
