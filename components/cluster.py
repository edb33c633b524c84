"""Cluster: the ECS cluster of one release."""

import pulumi
from pulumi_aws import ecs


class Cluster(pulumi.ComponentResource):
    """An ECS cluster with Container Insights (Security Hub ECS.12)."""

    name: pulumi.Output[str]
    """Name of the cluster."""
    arn: pulumi.Output[str]
    """ARN of the cluster."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:cluster:Cluster", name, None, opts)
        cluster = ecs.Cluster(
            f"{name}-cluster",
            settings=[{"name": "containerInsights", "value": "enabled"}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name, self.arn = cluster.name, cluster.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
