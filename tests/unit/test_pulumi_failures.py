"""What a failed Pulumi command means: whether another attempt may succeed, and the reason in one line."""

import os
import socket

import pytest

from cutover.adapters.stacks.failures import lock_is_stale, reason_of, translate
from cutover.domain.errors import CutoverError, PreflightFailed, StepFailed, TransientFailure

OUTPUT = """
Diagnostics:
  pulumi:pulumi:Stack (cutover-prod):
    error: update failed

  aws:ecs:Service (shop-1-service):
    error: {}
"""


def test_the_reason_names_the_resource_and_is_one_line() -> None:
    assert reason_of(OUTPUT.format("AccessDenied: no")) == "aws:ecs:Service shop-1-service: AccessDenied: no"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("AccessDeniedException: not authorized", StepFailed),
        ("ThrottlingException: Rate exceeded", TransientFailure),
        ("dial tcp: i/o timeout", TransientFailure),
        ("error reading from server: EOF", TransientFailure),
    ],
)
def test_a_failure_is_transient_if_another_attempt_may_succeed(reason: str, kind: type[CutoverError]) -> None:
    assert type(translate("prod", OUTPUT.format(reason))) is kind


def test_a_missing_backend_is_no_failure_of_the_release() -> None:
    assert type(translate("prod", "error: PULUMI_ACCESS_TOKEN must be set for login")) is PreflightFailed


def test_a_lock_is_stale_if_its_process_of_this_host_has_ended() -> None:
    lock = "the stack is currently locked by 1 lock(s): created by me@{} (pid {}) at 2026-01-01"
    host = socket.gethostname()
    assert lock_is_stale(lock.format(host, 2**22 - 1))
    assert not lock_is_stale(lock.format(host, os.getpid()))
    assert not lock_is_stale(lock.format("another-host", 2**22 - 1))
