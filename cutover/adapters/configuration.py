"""The Configuration port: pins secrets to their current versions and labels these, and never reads a value."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import InvalidInput
from cutover.domain.secret import SecretVersion
from cutover.ports import PinnedSecret

_CURRENT = "AWSCURRENT"
_LABEL = "cutover-"
_MOST_LABELS = 17
"""A secret has 20 staging labels at most, and AWS uses three itself
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html)."""
_UNKNOWN = ("ResourceNotFoundException", "ParameterNotFound")
_OF_AWS = ("alias/aws/secretsmanager", "alias/aws/ssm")


class AwsConfiguration:
    """Implements `cutover.ports.Configuration`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pin(self, reference: str) -> PinnedSecret:
        """See `Configuration.pin`. A secret becomes `ARN:json-key::version-id`; a parameter stays as it is.

        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html)
        """
        service = reference.split(":")[2]
        if service == "secretsmanager":
            return self._secret(reference)
        if service == "ssm":
            return self._parameter(reference)
        message = f"{reference} is not an ARN of Secrets Manager or the Parameter Store; correct release.secrets"
        raise InvalidInput("SECRET_INVALID", message)

    def keep(self, versions: Iterable[SecretVersion]) -> None:
        """See `Configuration.keep`. All releases that pin a version share its one label, `cutover-VERSION`."""
        for each in sorted(set(versions)):
            stages = self._describe(each.secret).get("VersionIdsToStages", {})
            if each.version not in stages:
                message = f"the secret {each.secret} has no version {each.version} any more; deploy a new version"
                raise InvalidInput("SECRET_VERSION_MISSING", message, "cutover deploy")
            if _label(each.version) in stages[each.version]:
                continue
            _refuse_if_full(each.secret, stages)
            with aws_errors("UpdateSecretVersionStage"):
                self._session.secretsmanager.update_secret_version_stage(
                    SecretId=each.secret, VersionStage=_label(each.version), MoveToVersionId=each.version
                )

    def let_go(self, versions: Iterable[SecretVersion]) -> None:
        """See `Configuration.let_go`."""
        for secret, group in groupby(sorted(set(versions)), key=lambda version: version.secret):
            try:
                stages = self._describe(secret).get("VersionIdsToStages", {})
            except InvalidInput:
                continue
            for version in [each.version for each in group if _label(each.version) in stages.get(each.version, ())]:
                with aws_errors("UpdateSecretVersionStage"):
                    self._session.secretsmanager.update_secret_version_stage(
                        SecretId=secret, VersionStage=_label(version), RemoveFromVersionId=version
                    )

    def _secret(self, reference: str) -> PinnedSecret:
        parts = [*reference.split(":"), "", "", ""]
        secret, json_key, version = ":".join(parts[:7]), parts[7], parts[9]
        description = self._describe(secret)
        stages = description.get("VersionIdsToStages", {})
        version = version or next((version_id for version_id, names in stages.items() if _CURRENT in names), "")
        if not version:
            raise InvalidInput("SECRET_MISSING", f"the secret {secret} has no current value; put a value into it")
        if _label(version) not in stages.get(version, ()):
            _refuse_if_full(secret, stages)
        arn = str(description["ARN"])
        return PinnedSecret(f"{arn}:{json_key}::{version}", self._key(arn, description.get("KmsKeyId")))

    def _describe(self, secret: str) -> Mapping[str, Any]:
        with aws_errors("DescribeSecret"), _unknown_as_missing(secret):
            return self._session.secretsmanager.describe_secret(SecretId=secret)

    def _parameter(self, reference: str) -> PinnedSecret:
        name = reference.partition(":parameter")[2]
        # The ARN of a parameter without a path has a slash that is not part of its name.
        names = [name, name[1:]] if name.startswith("/") and "/" not in name[1:] else [name]
        for each in names:
            if (parameter := self._find_parameter(each)) is not None:
                return PinnedSecret(reference, self._key(reference, parameter.get("KeyId")))
        raise _missing(reference)

    def _find_parameter(self, name: str) -> Mapping[str, Any] | None:
        """The description of a parameter. An empty page does not mean that there is none: the next one may have it
        (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html)."""
        filters: Any = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
        more: dict[str, Any] = {}
        while True:
            with aws_errors("DescribeParameters"):
                page = self._session.ssm.describe_parameters(ParameterFilters=filters, **more)
            if page["Parameters"]:
                return page["Parameters"][0]
            if not page.get("NextToken"):
                return None
            more = {"NextToken": page["NextToken"]}

    def _key(self, arn: str, key: str | None) -> str | None:
        """ARN of the customer-managed key with this id, ARN or alias, in the Region and account of `arn`."""
        if key is None or key.endswith(_OF_AWS):
            return None
        if ":key/" in key:
            return key
        if "alias/" in key:
            # A policy cannot name a key by its alias.
            with aws_errors("DescribeKey"):
                return str(self._session.kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"])
        _, partition, _, region, account, *_ = arn.split(":")
        return f"arn:{partition}:kms:{region}:{account}:key/{key}"


def _label(version: str) -> str:
    return f"{_LABEL}{version}"


def _refuse_if_full(secret: str, stages: Mapping[str, Sequence[str]]) -> None:
    """Raise `InvalidInput` if the secret has no room for another label of cutover."""
    ours = sorted(label for labels in stages.values() for label in labels if label.startswith(_LABEL))
    if len(ours) >= _MOST_LABELS:
        message = (
            f"releases pin {len(ours)} versions of the secret {secret}, and it has no staging label for another one: "
            f"{', '.join(ours)}; `cutover gc` removes the labels that no release needs"
        )
        raise InvalidInput("SECRET_LABELS_FULL", message, "cutover gc")


@contextmanager
def _unknown_as_missing(reference: str) -> Iterator[None]:
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) in _UNKNOWN:
            raise _missing(reference) from error
        raise


def _missing(reference: str) -> InvalidInput:
    return InvalidInput("SECRET_MISSING", f"there is no secret or parameter {reference}; correct release.secrets")
