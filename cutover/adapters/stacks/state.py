"""Read the exported state of a stack: its outputs, whether it is complete, and what is in it."""

from collections.abc import Mapping
from typing import Any

from pulumi.automation import Deployment

_STACK = "pulumi:pulumi:Stack"
_CREATING = "creating"
_PROTECTING = ("enableDeletionProtection", "deletionProtectionEnabled")
"""Properties by which AWS refuses to delete a load balancer or a table."""


def outputs(state: Deployment) -> Mapping[str, Any]:
    """The outputs of the stack's program; empty while the first update is incomplete."""
    return next((r.get("outputs") or {} for r in _resources(state) if r["type"] == _STACK), {})


def is_whole(state: Deployment, output_names: frozenset[str], types: frozenset[str]) -> bool:
    """Whether the stack has every output and a resource of each type, and no resource is half created.

    The outputs alone prove nothing, because a destroy removes them last. Operations may be pending: see `has_changing`.
    """
    resources = _resources(state)
    if any(r.get("initErrors") for r in resources):
        return False
    return output_names <= outputs(state).keys() and types <= {str(r["type"]) for r in resources}


def has_creating(state: Deployment) -> bool:
    """Whether a creation was cut off, whose resource may exist in AWS without an id in the state.

    The engine keeps this fact through updates, refreshes and destroys, until the stack is removed.
    """
    return _CREATING in _pending(state)


def has_changing(state: Deployment) -> bool:
    """Whether a change or a deletion was cut off, so that the state may differ from AWS until a refresh."""
    return bool(_pending(state) - {_CREATING})


def resource_of(state: Deployment, resource_type: str) -> Mapping[str, Any] | None:
    """The first resource of this type, or None."""
    return next((r for r in _resources(state) if r["type"] == resource_type), None)


def is_protected(state: Deployment) -> bool:
    """Whether Pulumi or AWS refuses to delete any resource."""
    return any(
        r.get("protect") or any((r.get("inputs") or {}).get(key) for key in _PROTECTING) for r in _resources(state)
    )


def ids(state: Deployment) -> frozenset[str]:
    """The ids and ARNs of all resources."""
    found = {value for r in _resources(state) for value in (r.get("id"), (r.get("outputs") or {}).get("arn"))}
    return frozenset(value for value in found if isinstance(value, str))


def key_settings(state: Deployment) -> Mapping[str, str]:
    """The top-level keys of the stack's settings file that name its key in a cloud; empty for a passphrase or a
    service, for which the engine needs no key in the file."""
    provider = (state.deployment or {}).get("secrets_providers") or {}
    if provider.get("type") != "cloud":
        return {}
    return {"secretsprovider": provider["state"]["url"], "encryptedkey": provider["state"]["encryptedkey"]}


def _pending(state: Deployment) -> set[str]:
    return {str(operation["type"]) for operation in (state.deployment or {}).get("pending_operations") or []}


def _resources(state: Deployment) -> list[dict[str, Any]]:
    return (state.deployment or {}).get("resources") or []
