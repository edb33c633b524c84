"""The versions of secrets that releases pin have a label before their tasks start, and until no release needs them."""

import pytest

from cutover import operations
from cutover.domain import Execution, ReleaseState, Status
from cutover.domain.errors import PreflightFailed
from cutover.domain.secret import SecretVersion, secret_version
from support.fakes import InMemoryEnvironment

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
COLD = {"mode": "cold"}


def version(number: int) -> SecretVersion:
    return SecretVersion(SECRET, f"s{number}")


def deploy(environment: InMemoryEnvironment, name: str, secret: int) -> Execution | None:
    """Deploy the version `name`, which pins this version of the secret, with the retention `cold`."""
    release = {"version": name, "image": f"shop:{name}", "secrets": {"DB": f"{SECRET}:::s{secret}"}}
    return operations.deploy(environment.driver(name, release=release, retention=COLD))


@pytest.fixture
def environment() -> InMemoryEnvironment:
    return InMemoryEnvironment()


@pytest.mark.parametrize(
    ("reference", "pinned"),
    [
        (f"{SECRET}:password::s1", version(1)),
        (f"{SECRET}:::s2", version(2)),
        (f"{SECRET}:password::", None),
        (SECRET, None),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/flag", None),
    ],
)
def test_the_version_is_read_from_the_reference(reference: str, pinned: SecretVersion | None) -> None:
    assert secret_version(reference) == pinned


def test_a_version_has_its_label_before_the_stack_is_created(environment: InMemoryEnvironment) -> None:
    seen: list[set[SecretVersion]] = []
    start = environment.cloud.start_service

    def noting(release: str, desired_count: int) -> None:
        seen.append(set(environment.configuration.labelled))
        start(release, desired_count)

    environment.cloud.start_service = noting  # type: ignore[method-assign]
    deploy(environment, "v1", 1)
    assert seen == [{version(1)}]


def test_the_version_of_the_release_that_a_rollback_creates_again_keeps_its_label(
    environment: InMemoryEnvironment,
) -> None:
    deploy(environment, "v1", 1)
    deploy(environment, "v2", 2)
    assert environment.ledger.all_releases[environment.ledger.good().names[0]].state is ReleaseState.RETIRED
    assert environment.configuration.labelled == {version(1), version(2)}


def test_a_version_loses_its_label_when_no_release_needs_it(environment: InMemoryEnvironment) -> None:
    for number, name in enumerate(("v1", "v2", "v3"), start=1):
        deploy(environment, name, number)
    operations.collect(environment.driver("v3", retention=COLD))
    assert environment.configuration.labelled == {version(2), version(3)}


def test_a_version_that_another_release_needs_keeps_its_label(environment: InMemoryEnvironment) -> None:
    for number, name in ((1, "v1"), (2, "v2"), (3, "v3"), (1, "v4")):
        deploy(environment, name, number)
    operations.collect(environment.driver("v4", retention=COLD))
    assert environment.configuration.labelled == {version(1), version(3)}


def test_a_version_that_is_recorded_while_its_label_is_removed_gets_it_back(environment: InMemoryEnvironment) -> None:
    for number, name in enumerate(("v1", "v2", "v3"), start=1):
        deploy(environment, name, number)
    read = environment.ledger.used_secrets
    answers = iter([read(), read() | {version(1)}])
    environment.ledger.used_secrets = lambda: next(answers)  # type: ignore[method-assign]
    environment.configuration.keep([version(1)])
    operations.collect(environment.driver("v3", retention=COLD))
    assert version(1) in environment.configuration.labelled


def test_a_label_that_cannot_be_removed_is_a_warning(environment: InMemoryEnvironment) -> None:
    def denied(_: object) -> None:
        raise PreflightFailed("AWS_DENIED", "UpdateSecretVersionStage: AccessDeniedException")

    for number, name in enumerate(("v1", "v2", "v3"), start=1):
        deploy(environment, name, number)
    environment.configuration.let_go = denied  # type: ignore[method-assign,assignment]
    last = deploy(environment, "v4", 4)
    assert last is not None
    assert last.status is Status.COMPLETED
    events = environment.ledger.journal(last.execution_id)
    assert any(event.kind == "warning" and "cutover gc" in event.message for event in events)
