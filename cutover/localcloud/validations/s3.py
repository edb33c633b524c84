"""Validations of Amazon S3.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
"""

from cutover.localcloud.backends import AwsError, Call


def validate_expected_owner(call: Call) -> AwsError | None:
    """A call that names the expected owner of its bucket is denied when the bucket belongs to another account."""
    from moto.s3.models import s3_backends

    expected = call.fields.get("ExpectedBucketOwner")
    bucket = call.path.strip("/").partition("/")[0]
    owner = s3_backends.bucket_accounts.get(bucket)
    actual = owner[1] if isinstance(owner, tuple) else owner
    if expected is None or actual is None or actual == expected:
        return None
    return AwsError("AccessDenied", "Access Denied", 403)
