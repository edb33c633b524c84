"""Validations of AWS Secrets Manager.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
"""

from typing import Any

from cutover.localcloud.backends import ACCOUNT, REGION, AwsError, Call

_MOST_LABELS = 20  # of all versions of a secret


def validate_number_of_labels(call: Call) -> AwsError | None:
    """The versions of a secret have at most 20 staging labels together."""
    from moto.secretsmanager.models import secretsmanager_backends

    secrets = secretsmanager_backends[ACCOUNT][REGION].secrets
    identifier, label = str(call.fields.get("SecretId", "")), str(call.fields.get("VersionStage", ""))
    if not call.fields.get("MoveToVersionId") or identifier not in secrets:
        return None
    secret: Any = secrets[identifier]
    labels = {each for version in secret.versions.values() for each in version["version_stages"]}
    if label in labels or len(labels) < _MOST_LABELS:
        return None
    return AwsError("LimitExceededException", f"The secret has {_MOST_LABELS} staging labels, and can have no more.")
