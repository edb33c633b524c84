"""Platform: the tables and the bucket that all applications of an account and region share."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import dynamodb, s3

_KEEP_NONCURRENT_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformArgs:
    """Names and protection of the resources. The names are fixed, so that every run of cutover finds them."""

    deployments_table: str
    """Name of the DynamoDB table of deployments and releases."""
    executions_table: str
    """Name of the DynamoDB table of executions and journals."""
    artifact_bucket: str
    """Name of the S3 bucket of manifests and reports; globally unique."""
    deletion_protection: bool
    """Whether the tables and the bucket are protected from deletion."""
    kept_records: bool = False
    """Whether a destroy of the stack leaves the tables and the bucket in AWS, as they are."""
    partition: str
    """ARN partition: `aws`, `aws-cn` or `aws-us-gov`."""


class Platform(pulumi.ComponentResource):
    """Two DynamoDB tables and an S3 bucket, all encrypted."""

    deployments_table: pulumi.Output[str]
    executions_table: pulumi.Output[str]
    artifact_bucket: pulumi.Output[str]

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:platform:Platform", name, None, opts)
        protect = args.deletion_protection
        records = pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=args.kept_records)
        self.deployments_table = _table(f"{name}-deployments", args.deployments_table, args, records).name
        self.executions_table = _table(f"{name}-executions", args.executions_table, args, records).name
        self.artifact_bucket = _bucket(f"{name}-artifacts", args, records, _part_of(records)).bucket
        self.register_outputs(
            {
                "deployments_table": self.deployments_table,
                "executions_table": self.executions_table,
                "artifact_bucket": self.artifact_bucket,
            }
        )


def _part_of(options: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """The options of a setting of a resource: kept with it, and without a protection of its own."""
    return pulumi.ResourceOptions(parent=options.parent, retain_on_delete=options.retain_on_delete)


def _table(name: str, table: str, args: PlatformArgs, keep: pulumi.ResourceOptions) -> dynamodb.Table:
    """An encrypted table with point-in-time recovery for the last 35 days (Security Hub DynamoDB.2, .6)."""
    return dynamodb.Table(
        name,
        name=table,
        billing_mode="PAY_PER_REQUEST",
        hash_key="pk",
        range_key="sk",
        attributes=[{"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}],
        point_in_time_recovery={"enabled": True},
        server_side_encryption={"enabled": True},
        deletion_protection_enabled=args.deletion_protection or args.kept_records,
        opts=keep,
    )


def _bucket(name: str, args: PlatformArgs, keep: pulumi.ResourceOptions, child: pulumi.ResourceOptions) -> s3.Bucket:
    bucket = s3.Bucket(name, bucket=args.artifact_bucket, force_destroy=not args.deletion_protection, opts=keep)
    s3.BucketVersioning(name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child)
    s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms"}, "bucket_key_enabled": True}],
        opts=child,
    )
    s3.BucketOwnershipControls(name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child)
    block = s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=tls_only(f"arn:{args.partition}:s3:::{args.artifact_bucket}"),
        # S3 refuses to change the policy and the public access block at the same time: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
        opts=pulumi.ResourceOptions(parent=child.parent, depends_on=[block], retain_on_delete=child.retain_on_delete),
    )
    s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            {
                "id": "forget-overwritten",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrent_version_expiration": {"noncurrent_days": _KEEP_NONCURRENT_DAYS},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            }
        ],
        opts=child,
    )
    return bucket


def tls_only(bucket_arn: str) -> str:
    """Return a bucket policy that denies requests without TLS
    (https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-ssl-requests-only.html)."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
