"""`cutover:hooks`: your own checks, run at CodeDeploy's five lifecycle events or as a step of a canary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cutover.config.fields import Count, Duration, Section, Url

HookPoint = Literal["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"]


@dataclass(frozen=True, slots=True)
class FunctionHook:
    """Invokes a Lambda function, by its name or ARN."""

    name: str


@dataclass(frozen=True, slots=True)
class CommandHook:
    """Runs a program on the machine of the driver."""

    arguments: tuple[str, ...]


class WebhookHook(Section):
    """POSTs the event to a URL, with an HMAC-SHA256 signature in the header `X-Cutover-Signature`."""

    url: Url = Field(repr=False, description="URL of the webhook.")
    secret_variable: Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")] = Field(
        description="Name of the driver's environment variable that holds the signing key. The key is never in a file."
    )


# To add a kind: add its class and its name here, and its key and a line of `action` in HookConfig (CONTRIBUTING.md).
HookAction = FunctionHook | CommandHook | WebhookHook
KINDS = ("function", "command", "webhook")


class HookConfig(Section):
    """One hook: exactly one of `function`, `command` and `webhook`."""

    at: HookPoint | None = Field(
        default=None, description="The lifecycle event at which the hook runs. `null`: only as a step of a canary."
    )
    function: str | None = Field(
        default=None, description="Name or ARN of a Lambda function; gets the event in CodeDeploy's format."
    )
    command: tuple[str, ...] = Field(
        default=(), description="A program on the machine of the driver; gets the event on stdin."
    )
    webhook: WebhookHook | None = None
    timeout: Duration = Field(
        default=3600.0, gt=0, le=86_400, description="Time for one attempt, including its callback."
    )
    retries: Count = Field(
        default=0,
        ge=0,
        le=10,
        description="Number of further attempts if an attempt times out or does not reach the hook.",
    )
    on_failure: Literal["rollback", "continue"] = Field(
        default="rollback", description="What happens if the hook fails, times out or cannot be reached."
    )

    @model_validator(mode="before")
    @classmethod
    def _has_one_kind(cls, value: object) -> object:
        if isinstance(value, Mapping):
            kinds = [kind for kind in KINDS if value.get(kind)]
            if len(kinds) != 1:
                keys = ", ".join(map(str, value))
                raise ValueError(f"give exactly one kind of hook ({', '.join(KINDS)}); the keys here are {keys}")
        return value

    @property
    def action(self) -> HookAction:
        """What the hook does."""
        if self.function:
            return FunctionHook(self.function)
        if self.command:
            return CommandHook(self.command)
        assert self.webhook is not None, "validated with the configuration"
        return self.webhook
