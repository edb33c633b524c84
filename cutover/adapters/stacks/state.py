"""Read a stack's exported state: its outputs, whether its creation was finished, and where a resource is."""

from collections.abc import Mapping
from typing import Any

from pulumi.automation import Deployment

_STACK = "pulumi:pulumi:Stack"


def outputs(state: Deployment) -> Mapping[str, Any]:
    """What the program exported; empty while its creation is unfinished."""
    return next((r.get("outputs") or {} for r in _resources(state) if r["type"] == _STACK), {})


def is_finished(state: Deployment, wanted: frozenset[str], types: frozenset[str] = frozenset()) -> bool:
    """Whether every wanted output and a resource of each type are there, nothing is pending, and no resource failed.

    The outputs alone do not show it: a destroy removes them last.
    """
    resources = _resources(state)
    if has_pending(state) or any(r.get("initErrors") for r in resources):
        return False
    return wanted <= outputs(state).keys() and types <= {str(r["type"]) for r in resources}


def has_pending(state: Deployment) -> bool:
    """Whether an operation was cut off."""
    return bool((state.deployment or {}).get("pending_operations"))


def urn_of(state: Deployment, resource_type: str) -> str | None:
    """The one resource of this type."""
    return next((str(r["urn"]) for r in _resources(state) if r["type"] == resource_type), None)


def _resources(state: Deployment) -> list[dict[str, Any]]:
    return (state.deployment or {}).get("resources") or []
