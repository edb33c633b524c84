"""CloudWatch: a store of measurements, the questions about them, and alarms that are really evaluated."""

from cutover.localcloud.metrics.service import CloudWatch, wrap
from cutover.localcloud.metrics.store import MetricStore

__all__ = ["CloudWatch", "MetricStore", "wrap"]
