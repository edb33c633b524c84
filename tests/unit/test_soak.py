"""How the soak judges: which failures have a cause, and when it fails."""

import pytest

from benchmarks.soak import DEPLOYMENTS, ZONE_EFFECT, Soak, cause_of
from cutover.examples.demo.load import Failure

OUTAGES = [{"zone": "eu-west-1a", "began": 100.0, "ends": 130.0}]
ENDED = ("COMPLETED",) * (DEPLOYMENTS + 1)


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (Failure(50.0, "HTTP 500", "1.0.0"), "application"),
        (Failure(100.0 + ZONE_EFFECT, "HTTP 502"), "zone"),
        (Failure(99.0, "HTTP 502"), None),
        (Failure(101.0 + ZONE_EFFECT, "HTTP 504"), None),
    ],
)
def test_a_failure_has_a_cause_if_a_task_answered_or_a_zone_has_just_failed(
    failure: Failure, cause: str | None
) -> None:
    assert cause_of(failure, OUTAGES) == cause


@pytest.mark.parametrize(
    ("executions", "unexplained", "zones", "passed"),
    [
        (ENDED, (), 1, True),
        (ENDED, (), 0, False),
        (("IN_PROGRESS", *ENDED[1:]), (), 1, False),
        (ENDED[1:], (), 1, False),
        (ENDED, ("12:00:00 HTTP 502",), 1, False),
    ],
)
def test_the_soak_passes_if_a_zone_failed_and_every_execution_ended_and_every_failure_has_a_cause(
    executions: tuple[str, ...], unexplained: tuple[str, ...], zones: int, passed: bool
) -> None:
    assert Soak(1, executions, {}, unexplained, zones).passed is passed
