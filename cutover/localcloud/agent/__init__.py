"""Simulates ECS: runs the tasks of moto's services as processes on loopback."""

from cutover.localcloud.agent.agent import EcsAgent

__all__ = ["EcsAgent"]
