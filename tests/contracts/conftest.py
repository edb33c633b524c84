"""One local cloud for each file of contract tests, and one environment name for each test."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from cutover.adapters.session import Session
from cutover.config.schema import Provider
from cutover.localcloud.server import LocalCloud
from support.contract_cloud import ContractCloud, FakeContractCloud
from support.local_contract_cloud import LocalContractCloud
from support.records import RECORDS

_numbers = count(1)


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="module")
def cloud(state_dir: Path) -> Iterator[LocalCloud]:
    with LocalCloud(state_dir) as running:
        yield running


@pytest.fixture(scope="module", params=["fake", "local cloud"])
def contract_cloud(request: pytest.FixtureRequest) -> ContractCloud:
    """The fakes, and the adapters on the local cloud: a contract test runs on both."""
    if request.param == "fake":
        return FakeContractCloud()
    session: Session = request.getfixturevalue("session")
    state_dir: Path = request.getfixturevalue("state_dir")
    return LocalContractCloud(session, state_dir / "images")


@pytest.fixture(scope="module")
def session(cloud: LocalCloud) -> Session:
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


@pytest.fixture
def environment() -> str:
    return f"env{next(_numbers)}"


@pytest.fixture(scope="module")
def root() -> Path:
    return Path(__file__).resolve().parents[2]
