"""The Stacks port by Pulumi's Automation API; no other package imports `pulumi.automation`."""

from driver.adapters.pulumi_stacks.stacks import PulumiStacks

__all__ = ["PulumiStacks"]
