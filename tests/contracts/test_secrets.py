"""The Configuration adapter on the local cloud: versions, labels, keys, and pages of Secrets Manager and SSM."""

from collections.abc import Sequence
from typing import Any

import pytest

from cutover.adapters.configuration import AwsConfiguration
from cutover.adapters.session import Session
from cutover.domain.errors import InvalidInput
from cutover.domain.secret import SecretVersion, secret_version
from cutover.ports import PinnedSecret

FLAG = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/flag"


def secret_of(session: Session, name: str, **arguments: Any) -> str:
    return str(session.secretsmanager.create_secret(Name=name, SecretString="canary", **arguments)["ARN"])


def rotate(session: Session, arn: str) -> SecretVersion:
    """Put a new value, and return its version."""
    return SecretVersion(arn, session.secretsmanager.put_secret_value(SecretId=arn, SecretString="new")["VersionId"])


def labels(session: Session, arn: str) -> dict[str, list[str]]:
    """Version → its staging labels, without AWS's own."""
    stages = session.secretsmanager.describe_secret(SecretId=arn)["VersionIdsToStages"]
    return {version: own for version, names in stages.items() if (own := [n for n in names if "AWS" not in n])}


def test_a_pinned_version_has_one_label_however_many_releases_pin_it(session: Session) -> None:
    arn = secret_of(session, "shared")
    version = secret_version(AwsConfiguration(session).pin(arn).reference)
    assert version is not None
    for _ in range(2):
        AwsConfiguration(session).keep([version])
    assert labels(session, arn) == {version.version: [f"cutover-{version.version}"]}


def test_a_label_is_removed_and_its_removal_may_be_repeated(session: Session) -> None:
    arn = secret_of(session, "passing")
    version = rotate(session, arn)
    AwsConfiguration(session).keep([version])
    for _ in range(2):
        AwsConfiguration(session).let_go([version])
    assert labels(session, arn) == {}


def test_labels_of_a_secret_that_was_deleted_need_no_removal(session: Session) -> None:
    AwsConfiguration(session).let_go([SecretVersion(FLAG.replace(":ssm:", ":secretsmanager:"), "v1")])


def test_an_eighteenth_label_is_refused_with_the_list_before_anything_is_written(session: Session) -> None:
    arn = secret_of(session, "rotating")
    versions = [rotate(session, arn) for _ in range(18)]
    AwsConfiguration(session).keep(versions[:17])
    with pytest.raises(InvalidInput, match=f"cutover-{versions[3].version}") as refused:
        AwsConfiguration(session).pin(arn)
    assert (refused.value.code, len(labels(session, arn))) == ("SECRET_LABELS_FULL", 17)


def test_a_version_that_has_vanished_is_refused_by_name(session: Session) -> None:
    arn = secret_of(session, "vanished")
    with pytest.raises(InvalidInput, match="no version v0 any more"):
        AwsConfiguration(session).keep([SecretVersion(arn, "v0")])


def test_the_customer_managed_key_of_a_secret_is_found_by_its_id_its_arn_or_its_alias(session: Session) -> None:
    metadata = session.kms.create_key()["KeyMetadata"]
    session.kms.create_alias(AliasName="alias/shop", TargetKeyId=metadata["KeyId"])
    for number, key in enumerate((metadata["KeyId"], metadata["Arn"], "alias/shop")):
        arn = secret_of(session, f"encrypted-{number}", KmsKeyId=key)
        assert AwsConfiguration(session).pin(arn).key == metadata["Arn"]


def test_a_key_of_aws_needs_no_permission(session: Session) -> None:
    session.ssm.put_parameter(Name="/shop/secure", Type="SecureString", Value="canary")
    parameter = FLAG.replace("flag", "secure")
    assert AwsConfiguration(session).pin(parameter) == PinnedSecret(parameter, None)
    assert AwsConfiguration(session).pin(secret_of(session, "plain")).key is None


def test_the_key_of_a_secure_parameter_is_found(session: Session) -> None:
    key = session.kms.create_key()["KeyMetadata"]
    session.ssm.put_parameter(Name="/shop/own", Type="SecureString", Value="canary", KeyId=key["KeyId"])
    assert AwsConfiguration(session).pin(FLAG.replace("flag", "own")).key == key["Arn"]


class Pages:
    """An SSM client whose first pages of DescribeParameters are empty."""

    def __init__(self, pages: Sequence[Sequence[str]]) -> None:
        self._pages = pages

    def describe_parameters(self, NextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803  AWS's name
        number = int(NextToken)
        page: dict[str, Any] = {"Parameters": [{"Name": name} for name in self._pages[number]]}
        return page | ({"NextToken": str(number + 1)} if number + 1 < len(self._pages) else {})


@pytest.mark.parametrize(("pages", "exists"), [([[], [], ["/shop/flag"]], True), ([[], []], False)])
def test_an_empty_page_with_a_token_is_not_the_end(
    session: Session, pages: Sequence[Sequence[str]], *, exists: bool
) -> None:
    paged = Session(session.provider)
    vars(paged)["ssm"] = Pages(pages)
    if exists:
        assert AwsConfiguration(paged).pin(FLAG).reference == FLAG
    else:
        with pytest.raises(InvalidInput, match="there is no secret or parameter"):
            AwsConfiguration(paged).pin(FLAG)
