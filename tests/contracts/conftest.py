"""One local cloud for each file of contract tests, and one environment name for each test."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from cutover.adapters.session import Session
from cutover.localcloud.server import LocalCloud
from support.contract_cloud import ContractCloud, FakeContractCloud
from support.local_contract_cloud import LocalContractCloud
from support.local_session import session_on

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
    return session_on(cloud)


@pytest.fixture
def environment() -> str:
    return f"env{next(_numbers)}"


@pytest.fixture(scope="module")
def root() -> Path:
    return Path(__file__).resolve().parents[2]
