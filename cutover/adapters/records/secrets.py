"""The versions of secrets that the releases of all applications and environments in one table may need."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutover.adapters.records.items import Item, body, missing_table
from cutover.adapters.session import Session, aws_errors
from cutover.domain import GoodReleases, Release, ReleaseState
from cutover.domain.secret import SecretVersion, secret_version

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import ScanInputTypeDef


def used_secrets(session: Session, table: str) -> frozenset[SecretVersion]:
    """See `Ledger.used_secrets`. It scans the table, which happens only when a release with secrets is retired."""
    releases: dict[tuple[str, str], Release] = {}
    targets: set[tuple[str, str]] = set()
    for item in _items(session, table):
        partition = item["pk"]["S"]
        if item["sk"]["S"] == "good":
            targets |= {(partition, name) for name in body(item, GoodReleases).names[-2:]}
        else:
            release = body(item, Release)
            releases[partition, release.ref.release] = release
    return frozenset(
        version
        for key, release in releases.items()
        if key in targets or release.state is not ReleaseState.RETIRED
        for reference in release.manifest.container.secrets.values()
        if (version := secret_version(reference)) is not None
    )


def _items(session: Session, table: str) -> Iterator[Item]:
    scan: ScanInputTypeDef = {
        "TableName": table,
        "FilterExpression": "begins_with(sk, :standing) OR begins_with(sk, :retired) OR sk = :good",
        "ExpressionAttributeValues": {
            ":standing": {"S": "release#"},
            ":retired": {"S": "retired#"},
            ":good": {"S": "good"},
        },
        "ConsistentRead": True,
    }
    while True:
        with aws_errors("Scan"), missing_table(table):
            page = session.dynamodb.scan(**scan)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]
