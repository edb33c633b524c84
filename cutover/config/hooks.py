"""`cutover:hooks`: what of yours runs at CodeDeploy's five points, or as a step of a canary."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from cutover.config.fields import Count, Duration, Section

HookPoint = Literal["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"]


class Webhook(Section):
    """A POST of the event, signed with HMAC-SHA256 in the header `X-Cutover-Signature`."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
    secret_variable: Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")] = Field(
        description="Environment variable of the driver that holds the key; the key is never in a file."
    )


class HookConfig(Section):
    """One hook: exactly one of `function`, `command` and `webhook`."""

    at: HookPoint | None = Field(default=None, description="One of CodeDeploy's points; `null`: only as a step.")
    function: str | None = Field(
        default=None, description="Name or ARN of a Lambda function; CodeDeploy's event shape."
    )
    command: tuple[str, ...] = Field(default=(), description="A program beside the driver; the event is on its stdin.")
    webhook: Webhook | None = None
    timeout: Duration = Field(default=3600.0, gt=0, le=86_400, description="For one try, callback included.")
    retries: Count = Field(default=0, ge=0, le=10, description="Further tries after one that could not be made.")
    on_failure: Literal["rollback", "continue"] = Field(
        default="rollback", description="Failed, timed out or unreachable."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in ("function", "command", "webhook") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of function, command, webhook; found {', '.join(given) or 'none'}")
        return self
