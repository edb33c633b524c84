"""The Stacks port, by Pulumi's Automation API; no other package imports `pulumi.automation`."""

from cutover.adapters.stacks.stacks import PulumiStacks

__all__ = ["PulumiStacks"]
