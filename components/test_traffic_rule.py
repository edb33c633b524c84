"""TestTrafficRule: a request with the release's header reaches the release, whatever its weight.

ECS refuses to create a service if no load balancer uses its target group. This rule makes the load balancer use it
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html).
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTrafficRuleArgs:
    """Which requests the rule forwards, and to which target group."""

    listener_arn: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    header: str
    """Name of the header."""
    value: str
    """Value of the header; `*` and `?` are wildcards."""


class TestTrafficRule(pulumi.ComponentResource):
    """A listener rule that forwards requests with a certain header to one target group."""

    __test__ = False  # pytest would collect the class because of its name

    arn: pulumi.Output[str]
    """ARN of the listener rule."""

    def __init__(self, name: str, args: TestTrafficRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:test_traffic_rule:TestTrafficRule", name, None, opts)
        rule = lb.ListenerRule(
            f"{name}-test-traffic",
            listener_arn=args.listener_arn,
            # No priority: the provider chooses the next free one. A computed priority could be in use.
            conditions=[{"http_header": {"http_header_name": args.header, "values": [args.value]}}],
            actions=[{"type": "forward", "target_group_arn": args.target_group_arn}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = rule.arn
        self.register_outputs({"arn": self.arn})
