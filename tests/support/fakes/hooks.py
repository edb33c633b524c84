"""The Hooks port in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.config.hooks import HookConfig
from cutover.ports import HookResult
from support.fakes.cloud import FakeCloud


@dataclass
class FakeHooks:
    """Implements `cutover.ports.Hooks`: a function ends as `cloud.hook_results` says; it succeeds by default."""

    cloud: FakeCloud

    def start(self, hook: HookConfig, event: Mapping[str, object]) -> "FakeHookRun":
        self.cloud.hook_events.append(dict(event))
        assert hook.function is not None
        results = self.cloud.hook_results.get(hook.function, [])
        return FakeHookRun(results.pop(0) if results else HookResult("Succeeded", ""))


@dataclass
class FakeHookRun:
    """A hook that has ended, with a result or an error."""

    result: HookResult | Exception

    def poll(self) -> HookResult | None:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def stop(self) -> None:
        pass
