"""Permissions on Pulumi's state, where it is in an S3 bucket, and on the KMS key that encrypts the secrets in it.

The objects of one project are below `.pulumi/stacks/PROJECT/`, `.pulumi/history/PROJECT/`, `.pulumi/backups/PROJECT/`
and `.pulumi/locks/organization/PROJECT/`, so a role reaches the stacks of its own application only.
"""

from cutover.config.partitions import partition
from cutover.config.state import NO_STACK, PLATFORM_PROJECT, StateStore, state_store
from cutover.permissions.documents import Statement
from cutover.permissions.names import Names

_KMS = "awskms://"
_MAKING = (
    "s3:CreateBucket",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)


def keep_state(names: Names) -> tuple[Statement, ...]:
    """Read and write the stacks of the application."""
    return _state(names, ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), ("kms:Decrypt", "kms:Encrypt"))


def read_state(names: Names) -> tuple[Statement, ...]:
    """Read the stacks of the application. A preview takes no lock."""
    return _state(names, ("s3:GetObject",), ("kms:Decrypt",))


def make_state(names: Names) -> tuple[Statement, ...]:
    """Create the bucket and the key of the account, and write the stack that all applications share."""
    store = state_store(names.config, {})
    if store.bucket is None:
        return ()
    bucket = _bucket(names, store)
    actions = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
    statements = [
        Statement("KeepPlatformState", actions, (f"{bucket}/.pulumi/*/{PLATFORM_PROJECT}/*",)),
        Statement("BeginState", ("s3:PutObject",), (f"{bucket}/.pulumi/meta.yaml",)),
    ]
    if store.managed:
        tag = {"StringEquals": {**names.regional["StringEquals"], "aws:RequestTag/cutover:stack": NO_STACK}}
        own = {"StringEquals": {"aws:ResourceTag/cutover:stack": NO_STACK}}
        key, alias = names.arn("kms", "key/*"), names.arn("kms", "alias/cutover-state")
        statements += [
            Statement("MakeStateBucket", _MAKING, (bucket,)),
            Statement("MakeStateKey", ("kms:CreateKey", "kms:TagResource"), ("*",), tag),
            Statement(
                "SetUpStateKey", ("kms:CreateAlias", "kms:EnableKeyRotation", "kms:ScheduleKeyDeletion"), (key,), own
            ),
            Statement("NameStateKey", ("kms:CreateAlias",), (alias,)),
        ]
    return tuple(statements)


def _state(names: Names, objects: tuple[str, ...], key: tuple[str, ...]) -> tuple[Statement, ...]:
    store = state_store(names.config, {})
    if store.bucket is None:
        return ()
    bucket = _bucket(names, store)
    statements = [
        Statement("ListState", ("s3:ListBucket",), (bucket,)),
        Statement("State", objects, (f"{bucket}/.pulumi/*/{names.config.project}/*",)),
        Statement("StateVersion", ("s3:GetObject",), (f"{bucket}/.pulumi/meta.yaml",)),
    ]
    if store.secrets_provider.startswith(_KMS):
        name = store.secrets_provider.removeprefix(_KMS).partition("?")[0]
        statements.append(_key(names, name, key))
    return tuple(statements)


def _key(names: Names, name: str, actions: tuple[str, ...]) -> Statement:
    """The key of an alias can change, so it is found by the alias; an ARN or an id names one key."""
    if name.startswith("alias/"):
        of_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": name}}
        return Statement("StateKey", actions, (names.arn("kms", "key/*"),), of_alias)
    arn = name if name.startswith("arn:") else names.arn("kms", f"key/{name}")
    return Statement("StateKey", actions, (arn,))


def _bucket(names: Names, store: StateStore) -> str:
    return f"arn:{partition(names.config.provider.region)}:s3:::{store.bucket}"
