"""Measurements in memory, by namespace, name and dimensions, and their statistics by period.

CloudWatch keeps data points of less than a minute for three hours, and those of a minute for 15 days
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html). The local cloud keeps every
measurement for three hours, and of one metric at most 20,000 samples and 1,000,000 values; the oldest go first.
"""

import bisect
import threading
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import ceil, floor

KEPT_SECONDS = 3 * 3600.0
MOST_SAMPLES = 20_000  # of one metric
MOST_VALUES = 1_000_000  # of one metric; 8 bytes each
_SWEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Metric:
    """The identity of a metric; dimensions have no order."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """Values measured at one time (seconds since the epoch), or only their statistics: then `values` is empty."""

    at: float
    values: Sequence[float]
    counts: Sequence[float]  # of each value; empty: once each
    total: float
    count: float
    least: float
    most: float
    unit: str = "None"


@dataclass(slots=True)
class _History:
    """The samples of one metric, oldest first."""

    samples: list[Sample] = field(default_factory=list)
    values: int = 0

    def add(self, sample: Sample) -> None:
        bisect.insort(self.samples, sample, key=_time_of)
        self.values += len(sample.values)

    def forget(self, before: float) -> None:
        """Drop samples older than `before`, and the oldest ones above the limits of samples and values."""
        first = max(bisect.bisect_left(self.samples, before, key=_time_of), len(self.samples) - MOST_SAMPLES)
        dropped = sum(len(sample.values) for sample in self.samples[:first])
        while self.values - dropped > MOST_VALUES and first < len(self.samples) - 1:
            dropped += len(self.samples[first].values)
            first += 1
        del self.samples[:first]
        self.values -= dropped


class MetricStore:
    """The measurements of one account and region; thread-safe. Times are seconds since the epoch.

    A datum of AWS's own metrics appears `lag` seconds after its time, so that the youngest minutes have too little.
    """

    def __init__(self, clock: Callable[[], float] = time.time, lag: Callable[[], float] = lambda: 0.0) -> None:
        self._clock, self._lag = clock, lag
        self._lock = threading.Lock()
        self._histories: dict[Metric, _History] = {}
        self._sweep_at = clock() + _SWEEP_SECONDS

    def record(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        values: Sequence[float],
        *,
        unit: str = "None",
        at: float | None = None,
    ) -> None:
        """Record values measured at one time (None: now)."""
        if values:
            when = self._clock() if at is None else at
            self.add(Metric(namespace, name, frozenset(dimensions.items())), sample_of(when, values, unit=unit))

    def add(self, metric: Metric, sample: Sample) -> None:
        """Add a sample, and drop samples that are too old or above the limits."""
        now = self._clock()
        with self._lock:
            history = self._histories.setdefault(metric, _History())
            history.add(sample)
            history.forget(now - KEPT_SECONDS)
            if not history.samples:
                del self._histories[metric]
            if now >= self._sweep_at:
                self._sweep_at = now + _SWEEP_SECONDS
                self._sweep(now - KEPT_SECONDS)

    def samples(self, metric: Metric, start: float, end: float) -> list[Sample]:
        """Return the samples from `start` to before `end` that have appeared, oldest first."""
        if metric.namespace.startswith("AWS/"):
            end = min(end, self._clock() - self._lag())
        with self._lock:
            kept = self._histories[metric].samples if metric in self._histories else []
            first = bisect.bisect_left(kept, start, key=_time_of)
            return kept[first : bisect.bisect_left(kept, end, key=_time_of)]

    def metrics(self) -> list[Metric]:
        """Return all metrics with samples."""
        with self._lock:
            return list(self._histories)

    def _sweep(self, before: float) -> None:
        """Drop metrics without new samples, such as those of deleted target groups."""
        for metric, history in list(self._histories.items()):
            history.forget(before)
            if not history.samples:
                del self._histories[metric]


def sample_of(
    at: float, values: Sequence[float], *, counts: Sequence[float] | None = None, unit: str = "None"
) -> Sample:
    """Return a sample of single values, each with its count (without counts: once each)."""
    pairs = list(zip(values, counts or repeat(1.0, len(values)), strict=True))
    return Sample(
        at=at,
        values=array("d", values),
        counts=array("d", counts or ()),
        total=sum(value * count for value, count in pairs),
        count=sum(count for _, count in pairs),
        least=min(values),
        most=max(values),
        unit=unit,
    )


def by_period(samples: Sequence[Sample], period: int) -> dict[float, list[Sample]]:
    """Group samples by the start of their period; periods begin at multiples of their length, as in CloudWatch."""
    grouped: dict[float, list[Sample]] = {}
    for sample in samples:
        grouped.setdefault(float(floor(sample.at / period) * period), []).append(sample)
    return grouped


def statistic(samples: Sequence[Sample], name: str) -> float | None:
    """Return Sum, Average, Minimum, Maximum, SampleCount or pNN of some samples; None if it is not defined.

    Raises ValueError if the statistic does not exist.
    """
    count = sum(sample.count for sample in samples)
    match name:
        case "Sum":
            return sum(sample.total for sample in samples)
        case "Average":
            return sum(sample.total for sample in samples) / count if count else None
        case "Minimum":
            return min(sample.least for sample in samples)
        case "Maximum":
            return max(sample.most for sample in samples)
        case "SampleCount":
            return count
        case _:  # pNN; `percent_of` rejects any other name
            return _percentile(samples, percent_of(name))


def percent_of(name: str) -> float:
    """Return the number of a percentile: 99.9 of `p99.9`. Raises ValueError for another text."""
    try:
        percent = float(name[1:]) if name[:1] == "p" else -1.0
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise ValueError(f"the local cloud has no statistic {name}")
    return percent


def _percentile(samples: Sequence[Sample], percent: float) -> float | None:
    """Return the percentile by nearest rank; None if a sample has only statistics of values that differ."""
    pairs: list[tuple[float, float]] = []
    for sample in samples:
        if not sample.values and sample.least != sample.most:
            return None
        if sample.values:
            pairs.extend(zip(sample.values, sample.counts or repeat(1.0, len(sample.values)), strict=True))
        else:
            pairs.append((sample.least, sample.count))
    pairs.sort()
    rank = max(1, ceil(sum(count for _, count in pairs) * percent / 100))
    passed = 0.0
    for value, count in pairs:
        passed += count
        if passed >= rank:
            return value
    return None


def _time_of(sample: Sample) -> float:
    return sample.at
