"""A session on a local cloud that has the tables and the bucket of the contract tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutover.adapters.session import Session
from cutover.config.schema import Provider
from cutover.localcloud.server import LocalCloud
from support.records import RECORDS


def session_on(cloud: LocalCloud) -> Session:
    """The session, after the tables and the bucket were created."""
    provider = Provider(
        region="eu-west-1",
        account_id="123456789012",
        endpoint=cloud.endpoint,
        access_key="test",
        secret_key="test",
        s3_use_path_style=True,
    )
    session = Session(provider)
    for table in (RECORDS.deployments_table, RECORDS.executions_table):
        session.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    session.s3.create_bucket(
        Bucket=RECORDS.artifact_bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return session


@contextmanager
def local_session(folder: Path) -> Iterator[Session]:
    """The session on a local cloud of its own, which ends with the context."""
    with LocalCloud(folder) as cloud:
        yield session_on(cloud)
