"""A deployment says at its start when the credentials end before its plan can."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cutover.adapters.session import Session
from cutover.config.schema import Provider
from cutover.domain.errors import Paused
from cutover.operations import deploy
from cutover.operations.credentials import longest_seconds
from cutover.ports import Ports
from support.fakes import InMemoryEnvironment

END = "AWS_CREDENTIAL_EXPIRATION"
PROVIDER = Provider(region="eu-west-1", account_id="123456789012")


def started(driver: Ports, environment: InMemoryEnvironment) -> str:
    """The first sentence in the journal of a deployment."""
    execution = deploy(driver)
    assert execution is not None
    return environment.ledger.journal(execution.execution_id)[0].message


def test_credentials_that_end_within_the_plan_are_named_with_both_times() -> None:
    environment = InMemoryEnvironment()
    driver, now = environment.driver("v1"), environment.clock.now()
    end = now + timedelta(minutes=1)
    message = started(replace(driver, credentials_end=lambda: end), environment)
    assert f"the credentials end at {end:%Y-%m-%d %H:%M} UTC, and the plan can take until " in message


def test_credentials_that_last_longer_than_the_plan_are_not_mentioned() -> None:
    environment = InMemoryEnvironment()
    end = environment.clock.now() + timedelta(days=3)
    assert "credentials" not in started(replace(environment.driver("v1"), credentials_end=lambda: end), environment)
    assert "credentials" not in started(environment.driver("v2"), environment)


def test_an_approval_without_a_limit_outlasts_all_credentials() -> None:
    environment = InMemoryEnvironment(when_paused="leave")
    deploy(environment.driver("v1"))
    canary = {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"approve": {}}, {"weight": 50}]}}
    driver = environment.driver("v2", strategy=canary)
    end = environment.clock.now() + timedelta(days=300)
    with pytest.raises(Paused):
        deploy(replace(driver, credentials_end=lambda: end))
    head = environment.ledger.latest_execution()
    assert head is not None
    assert longest_seconds(driver.config, head.plan) == float("inf")
    message = environment.ledger.journal(head.execution_id)[0].message
    assert message.endswith("and the plan waits for a person without a limit")


def test_only_credentials_in_variables_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv(END, "2099-01-01T10:00:00Z")
    assert Session(PROVIDER).credentials_end() == datetime(2099, 1, 1, 10, tzinfo=UTC)
    monkeypatch.delenv(END)
    assert Session(PROVIDER).credentials_end() is None
    keys = PROVIDER.model_copy(update={"access_key": "x", "secret_key": "x", "endpoint": "http://127.0.0.1:9"})
    monkeypatch.setenv(END, "2099-01-01T10:00:00Z")
    assert Session(keys).credentials_end() is None
