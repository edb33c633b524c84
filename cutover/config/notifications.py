"""`cutover:notifications`: who is told of a deployment, and of what."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from cutover.config.fields import Arn, Section

Occasion = Literal["start", "step", "pause", "failure", "rollback", "end"]


class NotificationConfig(Section):
    """One receiver: exactly one of `topic_arn`, `event_bus` and `webhook`."""

    topic_arn: Arn | None = Field(default=None, description="SNS topic.")
    event_bus: str | None = Field(default=None, description="EventBridge bus, by name or ARN; source `cutover`.")
    webhook: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")] | None = Field(
        default=None, description='POST of `{"text": …}`, as Slack takes it.'
    )
    on: tuple[Occasion, ...] = Field(
        default=("start", "pause", "failure", "rollback", "end"),
        description="`step` is told only where it is asked for.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in ("topic_arn", "event_bus", "webhook") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of topic_arn, event_bus, webhook; found {', '.join(given) or 'none'}")
        return self
