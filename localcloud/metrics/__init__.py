"""CloudWatch: a store of measurements, the questions about them, and alarms that are really evaluated."""

from localcloud.metrics.service import CloudWatch, wrap
from localcloud.metrics.store import MetricStore

__all__ = ["CloudWatch", "MetricStore", "wrap"]
