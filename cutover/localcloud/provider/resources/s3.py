"""S3 buckets, and the settings of a bucket that are resources of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cutover.localcloud.provider.kinds import Client, Name, Shape, changed, error_code, tag_list, tag_map
from cutover.localcloud.provider.values import Properties

_NO_BUCKET = ("NoSuchBucket", "404")


class Bucket:
    """A bucket with its tags; with `forceDestroy` it goes with all that is in it."""

    shape = Shape(
        "aws:s3/bucket:Bucket",
        replaces=frozenset({"bucket"}),
        computed=("arn", "bucketDomainName", "bucketRegionalDomainName", "hostedZoneId"),
        name=Name("bucket", 63),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        s3 = aws("s3")
        region = s3.meta.region_name
        # us-east-1 is where a bucket is without a constraint, and refuses to be named.
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=inputs["bucket"], **where)
        _tag(aws, inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
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
            "tags": _get(lambda: tag_map(s3.get_bucket_tagging(Bucket=identifier)["TagSet"]), "NoSuchTagSet") or {},
            "arn": f"arn:aws:s3:::{identifier}",
            "bucketDomainName": f"{identifier}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{identifier}.s3.{s3.meta.region_name}.amazonaws.com",
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "tags"):
            _tag(aws, identifier, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`; S3 refuses a bucket that is not empty."""
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
    """One setting of a bucket: how it is put, read back and taken away.  Its id is the bucket's name."""

    shape: Shape
    put: Callable[[Any, Properties], object]
    get: Callable[[Any, str, Properties], Properties]
    remove: Callable[[Any, str], object] | None
    absent: str
    """AWS's code where the bucket has no such setting."""

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        self.put(aws("s3"), inputs)
        return str(inputs["bucket"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = _get(lambda: self.get(aws("s3"), identifier, inputs), self.absent)
        return None if found is None else {"bucket": identifier, **found}

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        del identifier, old
        self.put(aws("s3"), new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        if self.remove is not None:
            remove = self.remove
            _get(lambda: remove(aws("s3"), identifier), self.absent)


def settings() -> tuple[BucketSetting, ...]:
    """Every bucket setting that is a resource."""
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
        BucketSetting(
            _shape("bucketLifecycleConfiguration"),
            _put_lifecycle,
            lambda s3, bucket, i: _same(s3.get_bucket_lifecycle_configuration(Bucket=bucket), i, "rules"),
            lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket),
            "NoSuchLifecycleConfiguration",
        ),
    )


_PUBLIC = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _shape(name: str) -> Shape:
    return Shape(f"aws:s3/{name}:{name[0].upper()}{name[1:]}", replaces=frozenset({"bucket"}))


def _same(answer: object, inputs: Properties, name: str) -> Properties:
    """The setting is there; what it says in S3's own words is left as it was asked for."""
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
        asked: dict[str, Any] = {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": ""}}
        if prefix := (rule.get("filter") or {}).get("prefix"):
            asked["Filter"] = {"Prefix": prefix}
        if expiration := rule.get("noncurrentVersionExpiration"):
            asked["NoncurrentVersionExpiration"] = {"NoncurrentDays": expiration["noncurrentDays"]}
        if abort := rule.get("abortIncompleteMultipartUpload"):
            asked["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": abort["daysAfterInitiation"]}
        rules.append(asked)
    return s3.put_bucket_lifecycle_configuration(Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules})


def _get_public_block(s3: Any, bucket: str, inputs: Properties) -> Properties:
    del inputs
    found = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return {name: bool(found.get(name[0].upper() + name[1:])) for name in _PUBLIC}


def _get_policy(s3: Any, bucket: str, inputs: Properties) -> Properties:
    found, asked = s3.get_bucket_policy(Bucket=bucket)["Policy"], inputs.get("policy")
    return {"policy": asked if asked is not None and json.loads(asked) == json.loads(found) else found}


def _tag(aws: Client, bucket: str, inputs: Properties) -> None:
    if inputs.get("tags"):
        aws("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(inputs["tags"])})
    else:
        aws("s3").delete_bucket_tagging(Bucket=bucket)


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _get(call: Any, absent: str) -> Any:
    try:
        return call()
    except Exception as error:
        if error_code(error) in (absent, *_NO_BUCKET):
            return None
        raise
