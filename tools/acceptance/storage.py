"""Facts of DynamoDB, S3, CloudWatch and cutover's own records."""

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from cutover.domain import Outcome, Status
from tools.acceptance.world import NotObserved, World, expect

_ITEM_LIMIT = 400 * 1024


def tables_are_protected(world: World) -> str:
    """Point-in-time recovery is on; deletion protection is as the file says."""
    records, dynamodb = world.config.records, world.session.dynamodb
    found = []
    for table in (records.deployments_table, records.executions_table):
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        protected = dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled", False)
        found.append((recovery, protected))
    as_wanted = all(each == ("ENABLED", records.deletion_protection) for each in found)
    return expect(as_wanted, f"recovery {found[0][0]}, deletion protection {found[0][1]}")


def bucket_is_private(world: World) -> str:
    """Versions, encryption, and all four blocks of public access."""
    bucket, s3 = world.config.records.artifact_bucket, world.session.s3
    versions = s3.get_bucket_versioning(Bucket=bucket).get("Status")
    rules: Any = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    algorithm = rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    private = all(block.values()) and len(block) == 4
    observed = f"versions {versions}, {algorithm}, public access blocked {private}"
    return expect(versions == "Enabled" and private, observed)


def large_item_is_refused(world: World) -> str:
    """DynamoDB refuses an item above its limit; nothing is written."""
    item: Any = {"pk": {"S": f"acceptance#{world.config.application}"}, "sk": {"S": "large"}}
    try:
        world.session.dynamodb.put_item(
            TableName=world.config.records.executions_table, Item=item | {"body": {"S": "x" * _ITEM_LIMIT}}
        )
    except ClientError as error:
        return expect(error.response["Error"]["Code"] == "ValidationException", error.response["Error"]["Code"])
    world.session.dynamodb.delete_item(TableName=world.config.records.executions_table, Key=item)
    return expect(False, "an item of 400 KB was accepted")  # noqa: FBT003  it is the outcome


def requests_are_counted(world: World) -> str:
    """RequestCount of the target group has points at full minutes."""
    points = _points(world, "RequestCount")
    if not points:
        raise NotObserved("no minute is complete yet")
    return expect(all(each["Timestamp"].second == 0 for each in points), f"{len(points)} minutes")


def nothing_counted_is_absent(world: World) -> str:
    """No response of the serving release failed, so that there is no point; a point of zero would be a difference."""
    points = _points(world, "HTTPCode_Target_5XX_Count")
    zeros = [each for each in points if each["Sum"] == 0]
    return expect(not zeros, f"{len(points)} points, {len(zeros)} of them zero")


def failure_is_recorded(world: World) -> str:
    """The newest execution was rolled back, and says which gate did not pass."""
    head = world.ledger.latest_execution()
    assert head is not None
    gates = [verdict.gate for verdict in head.verdicts if verdict.verdict is not Outcome.PASS]
    has_reason = head.status is Status.ROLLED_BACK and head.error is not None and gates
    return expect(has_reason, f"{head.status.value}, not passed: {', '.join(gates)}")


def _points(world: World, metric: str) -> list[Any]:
    outputs, now = world.serving.outputs, datetime.now(UTC)
    assert outputs is not None
    answer = world.session.cloudwatch.get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName=metric,
        Dimensions=[
            {"Name": "TargetGroup", "Value": outputs.target_group_arn.rpartition(":")[2]},
            {"Name": "LoadBalancer", "Value": world.environment.load_balancer_arn.partition("loadbalancer/")[2]},
        ],
        StartTime=now - timedelta(minutes=30),
        EndTime=now,
        Period=60,
        Statistics=["Sum"],
    )
    return list(answer["Datapoints"])
