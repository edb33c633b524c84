"""`cutover:notifications`: who receives which messages about a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, model_validator

from cutover.config.fields import Arn, Section, Url

Occasion = Literal["start", "step", "pause", "failure", "rollback", "drift", "warning", "end"]


@dataclass(frozen=True, slots=True)
class SnsTopic:
    """An SNS topic."""

    arn: str


@dataclass(frozen=True, slots=True)
class EventBus:
    """An EventBridge bus, by its name or ARN."""

    name: str


@dataclass(frozen=True, slots=True)
class ChatWebhook:
    """A webhook that accepts Slack's format."""

    url: str = field(repr=False)


Receiver = SnsTopic | EventBus | ChatWebhook
KINDS = ("topic_arn", "event_bus", "webhook")


class NotificationConfig(Section):
    """One receiver: exactly one of `topic_arn`, `event_bus` and `webhook`."""

    topic_arn: Arn | None = Field(default=None, description="ARN of an SNS topic.")
    event_bus: str | None = Field(
        default=None, description="Name or ARN of an EventBridge bus. The events have the source `cutover`."
    )
    webhook: Url | None = Field(
        default=None, repr=False, description='URL that gets a POST of `{"text": …}`, as Slack accepts it.'
    )
    on: tuple[Occasion, ...] = Field(
        default=("start", "pause", "failure", "rollback", "drift", "warning", "end"),
        description="When to send a message. `step` is off by default.",
    )

    @model_validator(mode="before")
    @classmethod
    def _has_one_receiver(cls, value: object) -> object:
        if isinstance(value, Mapping):
            kinds = [kind for kind in KINDS if value.get(kind)]
            if len(kinds) != 1:
                keys = ", ".join(map(str, value))
                raise ValueError(f"give exactly one receiver ({', '.join(KINDS)}); the keys here are {keys}")
        return value

    @property
    def receiver(self) -> Receiver:
        """The receiver of the messages."""
        if self.topic_arn:
            return SnsTopic(self.topic_arn)
        if self.event_bus:
            return EventBus(self.event_bus)
        assert self.webhook is not None, "validated with the configuration"
        return ChatWebhook(self.webhook)
