"""The Hooks port: starts a hook by its kind; each kind has one file in this folder."""

from collections.abc import Mapping
from typing import assert_never

from cutover.adapters.hooks.answers import ContainedRun
from cutover.adapters.hooks.command import CommandRun
from cutover.adapters.hooks.function import start_function
from cutover.adapters.hooks.webhook import start_webhook
from cutover.adapters.http import origin_of, without_url
from cutover.adapters.secrets import without_environment_secrets
from cutover.adapters.session import Session
from cutover.config.hooks import CommandHook, FunctionHook, HookConfig, WebhookHook
from cutover.ports import HookRun


class UserHooks:
    """Implements `cutover.ports.Hooks`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, hook: HookConfig, event: Mapping[str, object]) -> HookRun:
        """See `cutover.ports.Hooks`."""
        if hook.webhook is not None:
            origin_of(hook.webhook.url)
        return ContainedRun(lambda: self._start(hook, event), lambda text: _without_secrets(text, hook))

    def _start(self, hook: HookConfig, event: Mapping[str, object]) -> HookRun:
        action = hook.action
        match action:
            case FunctionHook():
                return start_function(self._session, action, event, hook.timeout)
            case CommandHook():
                return CommandRun(action, event)
            case WebhookHook():
                return start_webhook(action, event, hook.timeout)
            case _:
                assert_never(action)


def _without_secrets(text: str, hook: HookConfig) -> str:
    """A receiver may quote its URL in an answer, and a command may print a key of its environment."""
    if hook.webhook is None:
        return without_environment_secrets(text)
    return without_environment_secrets(without_url(text, hook.webhook.url), hook.webhook.secret_variable)
