"""Hooks: the user's own checks at certain points of a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from cutover.config.hooks import HookConfig

HookStatus = Literal["Succeeded", "Failed"]


@dataclass(frozen=True, slots=True)
class HookResult:
    """The result of a hook. If `status` is None, the hook answers later with the callback id from its event."""

    status: HookStatus | None
    message: str


class HookRun(Protocol):
    """One attempt to run a hook."""

    def poll(self) -> HookResult | None:
        """The result, or None while the hook runs.

        Raises:
            StepFailed: the hook cannot be run.
            TransientFailure: this attempt failed; another may succeed.
        """
        ...

    def stop(self) -> None:
        """Stop the hook if it still runs and can be stopped."""
        ...


class Hooks(Protocol):
    """Runs hooks."""

    def start(self, hook: HookConfig, event: Mapping[str, object]) -> HookRun:
        """Start one attempt, and return at once."""
        ...
