"""What moto refuses although AWS would not, mended while the local cloud runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_DELAY = "deregistration_delay.timeout_seconds"
_LONGEST = "3600"


@contextmanager
def mended() -> Iterator[None]:
    """Bucket policies with a condition, and the longest deregistration delay."""
    with _bucket_policies(), _longest_delay():
        yield


@contextmanager
def _longest_delay() -> Iterator[None]:
    from moto.elbv2.models import ELBv2Backend

    # moto leaves out the upper end of AWS's range, 0 to 3600 seconds.
    modify = ELBv2Backend.modify_target_group_attributes

    def modify_target_group_attributes(self: Any, target_group_arn: str, attributes: dict[str, Any]) -> Any:
        if str(attributes.get(_DELAY)) != _LONGEST:
            return modify(self, target_group_arn, attributes)
        answer = modify(self, target_group_arn, {**attributes, _DELAY: str(int(_LONGEST) - 1)})
        self.target_groups[target_group_arn].attributes[_DELAY] = _LONGEST
        return answer

    ELBv2Backend.modify_target_group_attributes = modify_target_group_attributes  # type: ignore[method-assign]
    try:
        yield
    finally:
        ELBv2Backend.modify_target_group_attributes = modify  # type: ignore[method-assign]


@contextmanager
def _bucket_policies() -> Iterator[None]:
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
