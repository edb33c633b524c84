"""Stands in for ECS: takes services from moto's models and runs their tasks as processes on loopback."""

from cutover.localcloud.agent.agent import EcsAgent

__all__ = ["EcsAgent"]
