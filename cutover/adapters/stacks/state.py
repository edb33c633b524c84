"""Read a stack's exported state: its outputs, whether its creation was finished, and where a resource is."""

from collections.abc import Mapping
from typing import Any

from pulumi.automation import Deployment

_STACK = "pulumi:pulumi:Stack"


def outputs(state: Deployment) -> Mapping[str, Any]:
    """What the program exported; empty while its creation is unfinished."""
    return next((r.get("outputs") or {} for r in _resources(state) if r["type"] == _STACK), {})


def is_finished(state: Deployment, wanted: frozenset[str]) -> bool:
    """Whether every wanted output is there, nothing is pending, and no resource failed halfway."""
    resources = _resources(state)
    pending = (state.deployment or {}).get("pending_operations") or []
    return wanted <= outputs(state).keys() and not pending and not any(r.get("initErrors") for r in resources)


def has_pending(state: Deployment) -> bool:
    """Whether an operation was cut off."""
    return bool((state.deployment or {}).get("pending_operations"))


def urn_of(state: Deployment, resource_type: str) -> str | None:
    """The one resource of this type."""
    return next((str(r["urn"]) for r in _resources(state) if r["type"] == resource_type), None)


def _resources(state: Deployment) -> list[dict[str, Any]]:
    return (state.deployment or {}).get("resources") or []
