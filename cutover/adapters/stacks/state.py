"""Read the exported state of a stack: its outputs, whether it is complete, and the URN of a resource."""

from collections.abc import Mapping
from typing import Any

from pulumi.automation import Deployment

_STACK = "pulumi:pulumi:Stack"


def outputs(state: Deployment) -> Mapping[str, Any]:
    """The outputs of the stack's program; empty while the first update is incomplete."""
    return next((r.get("outputs") or {} for r in _resources(state) if r["type"] == _STACK), {})


def is_finished(state: Deployment, output_names: frozenset[str], types: frozenset[str] = frozenset()) -> bool:
    """Whether the stack is complete.

    A complete stack has every output and a resource of each type, and no operation is pending or failed. The outputs
    alone prove nothing, because a destroy removes them last.
    """
    resources = _resources(state)
    if has_pending(state) or any(r.get("initErrors") for r in resources):
        return False
    return output_names <= outputs(state).keys() and types <= {str(r["type"]) for r in resources}


def has_pending(state: Deployment) -> bool:
    """Whether an operation was interrupted, so that its result is not known."""
    return bool((state.deployment or {}).get("pending_operations"))


def urn_of(state: Deployment, resource_type: str) -> str | None:
    """The URN of the first resource of this type, or None."""
    return next((str(r["urn"]) for r in _resources(state) if r["type"] == resource_type), None)


def _resources(state: Deployment) -> list[dict[str, Any]]:
    return (state.deployment or {}).get("resources") or []
