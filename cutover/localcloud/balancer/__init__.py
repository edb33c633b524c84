"""The load balancer's data plane: answers requests to listeners as an Application Load Balancer does."""

from cutover.localcloud.balancer.plane import DataPlane

__all__ = ["DataPlane"]
