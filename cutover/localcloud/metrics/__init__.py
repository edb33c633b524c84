"""Simulates CloudWatch: a store of measurements, queries over it, and alarms."""

from cutover.localcloud.metrics.service import CloudWatch, wrap
from cutover.localcloud.metrics.store import MetricStore

__all__ = ["CloudWatch", "MetricStore", "wrap"]
