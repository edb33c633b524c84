"""The Notifier port: sends each message to its receivers; each kind of receiver has one file in this folder."""

import logging
from collections.abc import Sequence
from typing import assert_never

from cutover.adapters.notifier.chat import post_to_chat
from cutover.adapters.notifier.eventbridge import put_on_bus
from cutover.adapters.notifier.messages import Message, message_of, occasions_of
from cutover.adapters.notifier.sns import publish_to_topic
from cutover.adapters.session import Session
from cutover.config.notifications import ChatWebhook, EventBus, NotificationConfig, Receiver, SnsTopic
from cutover.domain import Execution, JournalEvent
from cutover.domain.errors import CutoverError

_log = logging.getLogger("cutover.notifier")


class Notifications:
    """Implements `cutover.ports.Notifier`."""

    def __init__(self, session: Session, configs: Sequence[NotificationConfig]) -> None:
        self._session, self._configs = session, configs

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        """See `cutover.ports.Notifier`: a message that cannot be sent is logged, and the deployment continues."""
        occasions = occasions_of(event)
        for config in self._configs:
            occasion = next((each for each in occasions if each in config.on), None)
            if occasion is not None:
                try:
                    self._send(config.receiver, message_of(occasion, execution, event))
                except CutoverError as error:
                    _log.warning("a notification was not sent: %s", error.message)

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
