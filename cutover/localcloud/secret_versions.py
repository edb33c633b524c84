"""Versions of secrets: a version without a staging label vanishes, and labels of one's own stay with their version.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from contextlib import ExitStack
from typing import Any

from cutover.localcloud.backends import ACCOUNT, REGION, Call
from cutover.localcloud.weather import Sky

_CHANGES = frozenset({"PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage", "RotateSecret"})


class SecretVersions:
    """Deletes versions without a label in a weather with `versions_vanish`."""

    def __init__(self, sky: Sky) -> None:
        self._sky = sky

    def observe(self, call: Call) -> None:
        """Delete the versions that lost their last label by this call."""
        if call.service != "secretsmanager" or call.action not in _CHANGES or not self._sky.weather.versions_vanish:
            return
        from moto.secretsmanager.models import secretsmanager_backends

        # moto's types forbid the replicas that its store can hold; they have no versions of their own.
        secrets: list[Any] = list(secretsmanager_backends[ACCOUNT][REGION].secrets.values())
        for secret in secrets:
            versions: dict[str, dict[str, Any]] = vars(secret).get("versions", {})
            for version in [name for name, version in versions.items() if not version["version_stages"]]:
                del versions[version]


def keep_labels(patches: ExitStack) -> None:
    """Keep the labels of a version that is no longer the current one; moto replaces them all with AWSPREVIOUS."""
    from moto.secretsmanager.models import FakeSecret

    reset = FakeSecret.reset_default_version

    def reset_and_keep_labels(self: Any, secret_version: dict[str, Any], version_id: str) -> None:
        previous = self.versions.get(self.default_version_id)
        own = [label for label in (previous or {}).get("version_stages", []) if not label.startswith("AWS")]
        reset(self, secret_version, version_id)
        if previous is not None:
            previous["version_stages"].extend(own)

    patches.callback(setattr, FakeSecret, "reset_default_version", reset)
    setattr(FakeSecret, "reset_default_version", reset_and_keep_labels)  # noqa: B010  mypy forbids an assignment
