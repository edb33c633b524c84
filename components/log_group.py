"""LogGroup: where the tasks of one release write."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroupArgs:
    """`retention_days` is one of the values that CloudWatch Logs takes."""

    retention_days: pulumi.Input[int]


class LogGroup(pulumi.ComponentResource):
    """Outputs: `name` and `arn` of the log group."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: LogGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:log_group:LogGroup", name, None, opts)
        group = cloudwatch.LogGroup(
            f"{name}-logs", retention_in_days=args.retention_days, opts=pulumi.ResourceOptions(parent=self)
        )
        self.name, self.arn = group.name, group.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
