"""Every error of botocore becomes one of cutover, so that no handler of cutover's errors is passed by."""

from collections.abc import Iterator

import pytest
from botocore import exceptions

from cutover.adapters.session import Session, aws_errors
from cutover.config.schema import Provider
from cutover.domain.errors import CutoverError, PreflightFailed, StepFailed, TransientFailure


def all_kinds(kind: type[exceptions.BotoCoreError]) -> Iterator[type[exceptions.BotoCoreError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from all_kinds(narrower)


@pytest.mark.parametrize("kind", sorted(set(all_kinds(exceptions.BotoCoreError)), key=lambda kind: kind.__name__))
def test_no_error_of_botocore_leaves_an_adapter(kind: type[exceptions.BotoCoreError]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "something about it")
    with pytest.raises(CutoverError, match="PutItem"), aws_errors("PutItem"):
        raise error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (exceptions.CredentialRetrievalError(provider="assume-role", error_msg="STS timed out"), TransientFailure),
        (exceptions.MetadataRetrievalError(error_msg="no answer"), TransientFailure),
        (exceptions.ReadTimeoutError(endpoint_url="x"), TransientFailure),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), TransientFailure),
        (exceptions.UnauthorizedSSOTokenError(), PreflightFailed),
        (exceptions.SSOTokenLoadError(error_msg="expired"), PreflightFailed),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), PreflightFailed),
        (exceptions.NoCredentialsError(), PreflightFailed),
        (exceptions.ParamValidationError(report="wrong type"), StepFailed),
    ],
)
def test_what_may_work_later_is_told_from_what_needs_a_person(error: Exception, expected: type[CutoverError]) -> None:
    with pytest.raises(expected), aws_errors("PutItem"):
        raise error


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TransactionConflictException", TransientFailure),
        ("ProvisionedThroughputExceededException", TransientFailure),
        ("ExpiredTokenException", PreflightFailed),
        ("AccessDeniedException", PreflightFailed),
        ("InvalidSignatureException", PreflightFailed),
        ("ValidationException", StepFailed),
    ],
)
def test_an_answer_of_aws_is_judged_by_its_code(code: str, expected: type[CutoverError]) -> None:
    answer = {"Error": {"Code": code, "Message": "because"}}
    with pytest.raises(expected, match=f"UpdateItem: {code}: because"), aws_errors("UpdateItem"):
        raise exceptions.ClientError(answer, "UpdateItem")  # type: ignore[arg-type]  # a part of an answer


def test_an_urgent_call_takes_a_second_and_is_not_repeated() -> None:
    provider = Provider(
        region="eu-west-1", account_id="123456789012", endpoint="http://127.0.0.1:9", access_key="x", secret_key="x"
    )
    config = Session(provider, urgent=True).dynamodb.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 1)
    assert config.retries["total_max_attempts"] == 1
    patient = Session(provider).dynamodb.meta.config
    assert patient.retries["total_max_attempts"] > 1
