"""TestTrafficRule: requests that carry a release's own header reach it, whatever its weight.

ECS refuses a service whose target group no load balancer uses, so the rule also is what lets the service be made
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html).
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTrafficRuleArgs:
    """Requests whose `header` has exactly this `value` go to the target group."""

    listener_arn: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    header: str
    value: str


class TestTrafficRule(pulumi.ComponentResource):
    """Output: `arn` of the listener rule."""

    __test__ = False  # by its name pytest would take it for tests

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TestTrafficRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:test_traffic_rule:TestTrafficRule", name, None, opts)
        rule = lb.ListenerRule(
            f"{name}-test-traffic",
            listener_arn=args.listener_arn,
            # No priority: the plugin takes the next free one. One that followed from the digest met another release's.
            conditions=[{"http_header": {"http_header_name": args.header, "values": [args.value]}}],
            actions=[{"type": "forward", "target_group_arn": args.target_group_arn}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = rule.arn
        self.register_outputs({"arn": self.arn})
