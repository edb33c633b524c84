"""The load balancer's data plane: what an Application Load Balancer does with the requests of its listeners."""

from cutover.localcloud.balancer.plane import DataPlane

__all__ = ["DataPlane"]
