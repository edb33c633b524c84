"""Cluster: the ECS cluster of one release, with Container Insights (Security Hub ECS.12)."""

import pulumi
from pulumi_aws import ecs


class Cluster(pulumi.ComponentResource):
    """Outputs: `name` and `arn` of the cluster."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:cluster:Cluster", name, None, opts)
        cluster = ecs.Cluster(
            f"{name}-cluster",
            settings=[{"name": "containerInsights", "value": "enabled"}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name, self.arn = cluster.name, cluster.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
