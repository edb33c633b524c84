"""The resource types of S3 buckets and their settings."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cutover.localcloud.provider.resource_type import Client, Name, Shape, changed, error_code, tag_list, tag_map
from cutover.localcloud.provider.values import Properties

_NO_BUCKET = ("NoSuchBucket", "404")


class Bucket:
    """A bucket with its tags; with `forceDestroy` a deletion includes its objects."""

    shape = Shape(
        "aws:s3/bucket:Bucket",
        replaces=frozenset({"bucket"}),
        computed=("arn", "bucketDomainName", "bucketRegionalDomainName", "hostedZoneId"),
        name=Name("bucket", 63),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        s3 = aws("s3")
        region = s3.meta.region_name
        # us-east-1 is the default, and S3 rejects it as a constraint.
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=inputs["bucket"], **where)
        _tag(aws, inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        del inputs
        s3 = aws("s3")
        try:
            s3.head_bucket(Bucket=identifier)
        except Exception as error:
            if error_code(error) in _NO_BUCKET:
                return None
            raise
        return {
            "bucket": identifier,
            "tags": _read_tags(s3, identifier),
            "arn": f"arn:aws:s3:::{identifier}",
            "bucketDomainName": f"{identifier}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{identifier}.s3.{s3.meta.region_name}.amazonaws.com",
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "tags"):
            _tag(aws, identifier, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`; S3 rejects this for a bucket that is not empty."""
        s3 = aws("s3")
        try:
            if state.get("forceDestroy"):
                _empty(s3, identifier)
            s3.delete_bucket(Bucket=identifier)
        except Exception as error:
            if error_code(error) not in _NO_BUCKET:
                raise


@dataclass(frozen=True, slots=True)
class BucketSetting:
    """One setting of a bucket, with the calls to set, read and remove it. Its id is the bucket's name."""

    shape: Shape
    put: Callable[[Any, Properties], object]
    get: Callable[[Any, str, Properties], Properties]
    remove: Callable[[Any, str], object] | None
    absent: str
    """AWS's error code if the bucket does not have the setting."""

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        self.put(aws("s3"), inputs)
        return str(inputs["bucket"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        setting = _get_or_none(lambda: self.get(aws("s3"), identifier, inputs), self.absent)
        return None if setting is None else {"bucket": identifier, **setting}

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        del identifier, old
        self.put(aws("s3"), new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        if self.remove is not None:
            remove = self.remove
            _get_or_none(lambda: remove(aws("s3"), identifier), self.absent)


def settings() -> tuple[BucketSetting, ...]:
    """Return every bucket setting that is a resource type."""
    return (*_storage_settings(), *_access_settings())


def _storage_settings() -> tuple[BucketSetting, ...]:
    return (
        BucketSetting(
            _shape("bucketVersioning"),
            lambda s3, i: s3.put_bucket_versioning(
                Bucket=i["bucket"], VersioningConfiguration={"Status": i["versioningConfiguration"]["status"]}
            ),
            lambda s3, bucket, i: {
                "versioningConfiguration": {
                    **i.get("versioningConfiguration", {}),
                    "status": s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled"),
                }
            },
            lambda s3, bucket: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}),
            "",
        ),
        BucketSetting(
            _shape("bucketServerSideEncryptionConfiguration"),
            _put_encryption,
            lambda s3, bucket, i: _same(s3.get_bucket_encryption(Bucket=bucket), i, "rules"),
            lambda s3, bucket: s3.delete_bucket_encryption(Bucket=bucket),
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        BucketSetting(
            _shape("bucketLifecycleConfiguration"),
            _put_lifecycle,
            lambda s3, bucket, i: _same(s3.get_bucket_lifecycle_configuration(Bucket=bucket), i, "rules"),
            lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket),
            "NoSuchLifecycleConfiguration",
        ),
    )


def _access_settings() -> tuple[BucketSetting, ...]:
    return (
        BucketSetting(
            _shape("bucketPublicAccessBlock"),
            lambda s3, i: s3.put_public_access_block(
                Bucket=i["bucket"],
                PublicAccessBlockConfiguration={k[0].upper() + k[1:]: bool(i.get(k)) for k in _PUBLIC},
            ),
            _get_public_block,
            lambda s3, bucket: s3.delete_public_access_block(Bucket=bucket),
            "NoSuchPublicAccessBlockConfiguration",
        ),
        BucketSetting(
            _shape("bucketPolicy"),
            lambda s3, i: s3.put_bucket_policy(Bucket=i["bucket"], Policy=i["policy"]),
            _get_policy,
            lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket),
            "NoSuchBucketPolicy",
        ),
        BucketSetting(
            _shape("bucketOwnershipControls"),
            lambda s3, i: s3.put_bucket_ownership_controls(
                Bucket=i["bucket"],
                OwnershipControls={"Rules": [{"ObjectOwnership": i["rule"]["objectOwnership"]}]},
            ),
            lambda s3, bucket, _: {
                "rule": {
                    "objectOwnership": s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0][
                        "ObjectOwnership"
                    ]
                }
            },
            lambda s3, bucket: s3.delete_bucket_ownership_controls(Bucket=bucket),
            "OwnershipControlsNotFoundError",
        ),
    )


_PUBLIC = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _shape(name: str) -> Shape:
    return Shape(f"aws:s3/{name}:{name[0].upper()}{name[1:]}", replaces=frozenset({"bucket"}))


def _same(answer: object, inputs: Properties, name: str) -> Properties:
    """Return the input for a setting that exists; differences of its content are not detected."""
    del answer
    return {name: inputs.get(name)} if name in inputs else {}


def _put_encryption(s3: Any, inputs: Properties) -> object:
    rules = []
    for rule in inputs["rules"]:
        default = rule["applyServerSideEncryptionByDefault"]
        by = {"SSEAlgorithm": default["sseAlgorithm"]}
        if default.get("kmsMasterKeyId"):
            by["KMSMasterKeyID"] = default["kmsMasterKeyId"]
        rules.append({"ApplyServerSideEncryptionByDefault": by, "BucketKeyEnabled": bool(rule.get("bucketKeyEnabled"))})
    return s3.put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})


def _put_lifecycle(s3: Any, inputs: Properties) -> object:
    rules = []
    for rule in inputs["rules"]:
        request: dict[str, Any] = {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": ""}}
        if prefix := (rule.get("filter") or {}).get("prefix"):
            request["Filter"] = {"Prefix": prefix}
        if expiration := rule.get("noncurrentVersionExpiration"):
            request["NoncurrentVersionExpiration"] = {"NoncurrentDays": expiration["noncurrentDays"]}
        if abort := rule.get("abortIncompleteMultipartUpload"):
            request["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": abort["daysAfterInitiation"]}
        rules.append(request)
    return s3.put_bucket_lifecycle_configuration(Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules})


def _get_public_block(s3: Any, bucket: str, inputs: Properties) -> Properties:
    del inputs
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return {name: bool(block.get(name[0].upper() + name[1:])) for name in _PUBLIC}


def _get_policy(s3: Any, bucket: str, inputs: Properties) -> Properties:
    actual, desired = s3.get_bucket_policy(Bucket=bucket)["Policy"], inputs.get("policy")
    return {"policy": desired if desired is not None and json.loads(desired) == json.loads(actual) else actual}


def _tag(aws: Client, bucket: str, inputs: Properties) -> None:
    if inputs.get("tags"):
        aws("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(inputs["tags"])})
    else:
        aws("s3").delete_bucket_tagging(Bucket=bucket)


def _read_tags(s3: Any, bucket: str) -> dict[str, str]:
    tag_set = _get_or_none(lambda: s3.get_bucket_tagging(Bucket=bucket)["TagSet"], "NoSuchTagSet")
    return tag_map(tag_set)


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _get_or_none(call: Any, absent: str) -> Any:
    try:
        return call()
    except Exception as error:
        if error_code(error) in (absent, *_NO_BUCKET):
            return None
        raise
