"""What of the user's runs at a point of the deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from cutover.config.hooks import HookConfig

HookStatus = Literal["Succeeded", "Failed"]


@dataclass(frozen=True, slots=True)
class HookResult:
    """How a hook ended; `status` is None where it answers later, by the callback id that its event names."""

    status: HookStatus | None
    message: str


class HookRun(Protocol):
    """One try of a hook, under way."""

    def poll(self) -> HookResult | None:
        """How it ended; None while it runs; raises `TransientFailure` when it could not be made."""
        ...

    def stop(self) -> None:
        """End it, if it still runs and can be ended."""
        ...


class Hooks(Protocol):
    """What of the user's runs at a point of the deployment."""

    def start(self, hook: HookConfig, event: Mapping[str, object]) -> HookRun:
        """Begin one try; returns at once."""
        ...
