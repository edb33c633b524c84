"""Whether another attempt may succeed after a failed Pulumi command."""

import pytest

from cutover.adapters.stacks.failures import translate
from cutover.domain.errors import CutoverError, PreflightFailed, StepFailed, TransientFailure

OUTPUT = """
Diagnostics:
  pulumi:pulumi:Stack (cutover-prod):
    error: update failed

  aws:ecs:Service (shop-1-service):
    error: {}
"""


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("AccessDeniedException: not authorized", StepFailed),
        ("AccessDeniedException: User: u is not authorized to perform: iam:PassRole on resource: r", TransientFailure),
        ("ClientException: Role is not valid", TransientFailure),
        ("ThrottlingException: Rate exceeded", TransientFailure),
        ("dial tcp: i/o timeout", TransientFailure),
        ("error reading from server: EOF", TransientFailure),
    ],
)
def test_a_failure_is_transient_if_another_attempt_may_succeed(reason: str, kind: type[CutoverError]) -> None:
    assert type(translate("prod", OUTPUT.format(reason))) is kind


def test_a_missing_backend_is_no_failure_of_the_release() -> None:
    assert type(translate("prod", "error: PULUMI_ACCESS_TOKEN must be set for login")) is PreflightFailed


@pytest.mark.parametrize(
    ("reason", "kind", "code"),
    [
        ("could not list bucket: blob (code=PermissionDenied): AccessDenied", PreflightFailed, "STATE_DENIED"),
        ("operation error S3: GetObject, connection refused", TransientFailure, "STATE_UNREACHABLE"),
        ("secrets (code=Unknown): operation error KMS: AccessDeniedException", PreflightFailed, "STATE_DENIED"),
    ],
)
def test_a_state_that_is_denied_or_down_is_no_failure_of_the_release(
    reason: str, kind: type[CutoverError], code: str
) -> None:
    error = translate("prod", f"error: {reason}")
    assert (type(error), error.code, error.hint) == (kind, code, "cutover doctor")


def test_a_failed_resource_in_s3_is_a_failure_of_the_release() -> None:
    assert translate("prod", OUTPUT.format("operation error S3: CreateBucket, AccessDenied")).code == "PULUMI_FAILED"
