"""The Notifier port: sends each message to its receivers; each kind of receiver has one file in this folder."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import assert_never

from cutover.adapters.notifier.chat import post_to_chat
from cutover.adapters.notifier.eventbridge import put_on_bus
from cutover.adapters.notifier.messages import Message, message_of, occasions_of
from cutover.adapters.notifier.sns import publish_to_topic
from cutover.adapters.secrets import without_environment_secrets
from cutover.adapters.session import Session
from cutover.config.notifications import ChatWebhook, EventBus, NotificationConfig, Receiver, SnsTopic
from cutover.domain import Execution, JournalEvent
from cutover.domain.errors import CutoverError, TransientFailure

_log = logging.getLogger("cutover.notifier")
_PAUSES = (0.5, 1.0)
"""Seconds before the second and the third attempt to send a message."""


class Notifications:
    """Implements `cutover.ports.Notifier`."""

    def __init__(
        self, session: Session, configs: Sequence[NotificationConfig], pause: Callable[[float], object] | None = None
    ) -> None:
        self._session, self._configs = session, configs
        # Not the Clock port: an interruption of the driver must not lose the message about it.
        self._pause = pause or threading.Event().wait

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        """See `cutover.ports.Notifier`: a message that cannot be sent is logged, and the deployment continues.

        A receiver that does not answer takes a while: `background` keeps the driver from waiting for it.
        """
        occasions = occasions_of(event)
        for config in self._configs:
            occasion = next((each for each in occasions if each in config.on), None)
            if occasion is not None:
                self._send_or_log(config.receiver, message_of(occasion, execution, event))

    def _send_or_log(self, receiver: Receiver, message: Message) -> None:
        try:
            self._send_with_retries(receiver, message)
        except CutoverError as error:
            _log.warning("a notification was not sent: %s", error.message)
        except Exception as error:  # noqa: BLE001  botocore has many errors, and none may stop a deployment
            reason = f"{type(error).__name__}: {error}"
            _log.warning("a notification was not sent: %s", without_environment_secrets(reason))

    def _send_with_retries(self, receiver: Receiver, message: Message) -> None:
        for pause in _PAUSES:
            try:
                return self._send(receiver, message)
            except TransientFailure as failure:
                _log.info("a notification is sent again in %s s: %s", pause, failure.message)
                self._pause(pause)
        return self._send(receiver, message)

    def _send(self, receiver: Receiver, message: Message) -> None:
        match receiver:
            case SnsTopic():
                publish_to_topic(self._session, receiver, message)
            case EventBus():
                put_on_bus(self._session, receiver, message)
            case ChatWebhook():
                post_to_chat(receiver, message)
            case _:
                assert_never(receiver)
