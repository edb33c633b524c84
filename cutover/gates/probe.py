"""The probe gate: a request through the release's test traffic rule gets the expected response."""

import re

from cutover.config.gates import ProbeGate
from cutover.domain import Outcome, Verdict
from cutover.ports import ProbeResult


def judge_probe(result: ProbeResult, expected: ProbeGate) -> Verdict:
    """Return PASS if status, body and latency are as expected, INCONCLUSIVE without a response, else FAIL.

    Without a connection the probe is skipped, which is a PASS that says so, if the configuration wants it.
    """
    outcome, reason = _judge(result, expected)
    return Verdict(
        gate="probe",
        verdict=outcome,
        reason=f"GET {expected.path}: {reason}",
        measurements={"status": result.status, "latency_seconds": round(result.latency_seconds, 4)},
    )


def _judge(result: ProbeResult, expected: ProbeGate) -> tuple[Outcome, str]:
    if result.status is None and not result.connected and expected.unreachable == "skip":
        return Outcome.PASS, f"skipped, because the driver cannot connect to the internal load balancer: {result.error}"
    if result.status is None:
        return Outcome.INCONCLUSIVE, f"no response ({result.error})"
    # The load balancer itself answers 502, 503 or 504 while it has no healthy target.
    if result.status != expected.status and result.status in (502, 503, 504):
        return Outcome.INCONCLUSIVE, f"status {result.status}, not {expected.status}"
    if result.status != expected.status:
        return Outcome.FAIL, f"status {result.status}, not {expected.status}"
    if expected.body is not None and re.search(expected.body, result.body) is None:
        return Outcome.FAIL, f"the body does not match {expected.body!r}"
    if not result.latency_seconds <= expected.max_latency:
        return Outcome.FAIL, f"took {result.latency_seconds:.3f} s, more than {expected.max_latency:g} s"
    return Outcome.PASS, f"status {result.status} within {expected.max_latency:g} s"
