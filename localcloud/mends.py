"""What moto refuses although AWS would not, mended while the local cloud runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def mended() -> Iterator[None]:
    """moto's evaluation of bucket policies, with the one condition that the platform's bucket has."""
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    # moto takes a condition that does not hold for a denial, whatever the statement's effect. The local cloud counts
    # as reached by TLS: it listens on loopback, where AWS has no listener at all.
    judge = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self: Any, *arguments: Any, **named: Any) -> Any:
        if _denies_clear_text(self._statement):
            return PermissionResult.NEUTRAL
        return judge(self, *arguments, **named)

    IAMPolicyStatement.is_action_permitted = is_action_permitted  # type: ignore[method-assign]
    try:
        yield
    finally:
        IAMPolicyStatement.is_action_permitted = judge  # type: ignore[method-assign]


def _denies_clear_text(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    return statement.get("Effect") == "Deny" and str(condition.get("aws:SecureTransport")).lower() == "false"
