"""What the probe forgives: one slow answer, the set-up of the connection, a load balancer that is out of reach."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import urllib3.util.connection

from cutover import operations
from cutover.adapters.probe import HttpProbe
from cutover.domain import Execution, ReleaseRef, Status
from cutover.ports import ProbeResult
from support.fakes import InMemoryEnvironment, config_for
from support.receiver import Receiver, receiving

RELEASE = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)
GOOD = ProbeResult(200, "", 0.01, "", connected=True)
SLOW = replace(GOOD, latency_seconds=1.5)
UNREACHABLE = ProbeResult(None, "", 0.0, "cannot connect: timed out", connected=False)
SILENT = replace(UNREACHABLE, error="no complete response", connected=True)
INTERNAL = {"plain_http": {"reason": "a test that leaves nothing"}, "internal": True}


@dataclass
class Answers:
    """A probe with these results; the last one repeats."""

    results: list[ProbeResult]

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        return self.results.pop(0) if len(self.results) > 1 else self.results[0]


def deploy(*results: ProbeResult, **probe: Any) -> Execution:
    environment = InMemoryEnvironment()
    gates = {"probe": probe, "health": {"deadline": "60s"}}
    driver = environment.driver("v1", gates=gates, load_balancer=INTERNAL)
    execution = operations.deploy(replace(driver, probe_for=lambda _: Answers(list(results))))
    assert execution is not None
    return execution


@pytest.mark.parametrize("bad", [SLOW, replace(GOOD, status=500)])
def test_one_bad_answer_is_no_failure(bad: ProbeResult) -> None:
    assert deploy(bad, GOOD, bad, bad, GOOD).status is Status.COMPLETED


def test_a_release_whose_every_answer_is_bad_fails() -> None:
    execution = deploy(SLOW)
    assert execution.status is not Status.COMPLETED
    assert execution.error is not None
    assert execution.error.message.endswith("took 1.500 s, more than 1 s, at the last of 3 attempts")


def test_a_single_attempt_is_a_choice() -> None:
    assert deploy(SLOW, GOOD, attempts=1).status is not Status.COMPLETED


def test_an_internal_load_balancer_that_is_out_of_reach_is_skipped_with_the_reason() -> None:
    execution = deploy(UNREACHABLE, unreachable="skip")
    assert execution.status is Status.COMPLETED
    (verdict,) = [verdict for verdict in execution.verdicts if verdict.gate == "probe"]
    reason = "skipped, because the driver cannot connect to the internal load balancer: cannot connect: timed out"
    assert verdict.reason == f"GET /: {reason}"


@pytest.mark.parametrize(("result", "unreachable"), [(UNREACHABLE, "wait"), (SILENT, "skip")])
def test_a_probe_without_an_answer_is_not_skipped_otherwise(result: ProbeResult, unreachable: str) -> None:
    execution = deploy(result, unreachable=unreachable)
    assert execution.error is not None
    assert execution.error.code == "DEADLINE"


def test_the_probe_of_a_public_load_balancer_cannot_be_skipped() -> None:
    with pytest.raises(ValueError, match=r"gates\.probe\.unreachable: skip is only for a load balancer with internal"):
        config_for("v1", gates={"probe": {"unreachable": "skip"}})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving("/") as receiver:
        yield receiver


def test_the_set_up_of_the_connection_is_no_latency(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = urllib3.util.connection.create_connection

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.5)
        return connect(*arguments, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", slowly)
    result = HttpProbe(receiver.url.rstrip("/")).get(RELEASE, "/", 5.0)
    assert result.connected
    assert result.status is not None
    assert 0 < result.latency_seconds < 0.5


def test_no_connection_is_told_from_no_answer() -> None:
    assert not HttpProbe("http://127.0.0.1:9").get(RELEASE, "/", 5.0).connected
