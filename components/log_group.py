"""LogGroup: the log group of one release's tasks."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroupArgs:
    """How long log events are kept."""

    retention_days: pulumi.Input[int]
    """Days; CloudWatch Logs allows certain values
    (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html)."""
    kept: bool = False
    """Whether a destroy of the stack leaves the log group in AWS, until someone deletes it."""


class LogGroup(pulumi.ComponentResource):
    """A CloudWatch log group."""

    name: pulumi.Output[str]
    """Name of the log group."""
    arn: pulumi.Output[str]
    """ARN of the log group."""

    def __init__(self, name: str, args: LogGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:log_group:LogGroup", name, None, opts)
        group = cloudwatch.LogGroup(
            f"{name}-logs",
            retention_in_days=args.retention_days,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.kept),
        )
        self.name, self.arn = group.name, group.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
