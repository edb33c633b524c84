"""Measurements in memory, by namespace, name and dimensions, for three hours; and their statistics by period."""

import bisect
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

KEPT_SECONDS = 3 * 3600.0
MOST_SAMPLES = 20_000  # of one metric


@dataclass(frozen=True, slots=True)
class Metric:
    """What CloudWatch tells measurements apart by: dimensions have no order."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """Values measured at one time with how often each was, or only their statistics (then `values` is empty)."""

    at: float
    values: tuple[tuple[float, float], ...]  # (value, count)
    total: float
    count: float
    least: float
    most: float
    unit: str = "None"


class MetricStore:
    """Thread-safe; times are seconds since the epoch."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: dict[Metric, list[Sample]] = {}

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
        """Keep values measured at one time (None: now)."""
        if values:
            when = self._clock() if at is None else at
            self.add(Metric(namespace, name, frozenset(dimensions.items())), sample_of(when, values, unit=unit))

    def add(self, metric: Metric, sample: Sample) -> None:
        """Keep a sample; what is older than three hours, or beyond the cap, is dropped."""
        with self._lock:
            samples = self._samples.setdefault(metric, [])
            bisect.insort(samples, sample, key=_time_of)
            too_old = bisect.bisect_left(samples, self._clock() - KEPT_SECONDS, key=_time_of)
            del samples[: max(too_old, len(samples) - MOST_SAMPLES)]

    def samples(self, metric: Metric, start: float, end: float) -> list[Sample]:
        """The samples from `start` to before `end`, oldest first."""
        with self._lock:
            kept = self._samples.get(metric, [])
            first = bisect.bisect_left(kept, start, key=_time_of)
            return kept[first : bisect.bisect_left(kept, end, key=_time_of)]

    def metrics(self) -> list[Metric]:
        """All metrics with samples."""
        with self._lock:
            return [metric for metric, samples in self._samples.items() if samples]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._samples.clear()


def sample_of(
    at: float, values: Sequence[float], *, counts: Sequence[float] | None = None, unit: str = "None"
) -> Sample:
    """A sample of single values, each with its count (once, if no counts are given)."""
    pairs = tuple(zip(values, counts or [1.0] * len(values), strict=True))
    return Sample(
        at=at,
        values=pairs,
        total=sum(value * count for value, count in pairs),
        count=sum(count for _, count in pairs),
        least=min(values),
        most=max(values),
        unit=unit,
    )


def by_period(samples: Sequence[Sample], period: int) -> dict[float, list[Sample]]:
    """The samples by the start of their period; periods begin at multiples of their length, as CloudWatch's do."""
    grouped: dict[float, list[Sample]] = {}
    for sample in samples:
        grouped.setdefault(float(floor(sample.at / period) * period), []).append(sample)
    return grouped


def statistic(samples: Sequence[Sample], name: str) -> float | None:
    """Sum, Average, Minimum, Maximum, SampleCount or pNN of some samples; None where it cannot be known.

    Raises ValueError if there is no such statistic.
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
        case _:
            return _percentile(samples, percent_of(name))


def percent_of(name: str) -> float:
    """The number of a percentile: 99.9 of `p99.9`. Raises ValueError if it is none."""
    try:
        percent = float(name[1:]) if name[:1] == "p" else -1.0
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise ValueError(f"{name} is no statistic that the local cloud knows")
    return percent


def _percentile(samples: Sequence[Sample], percent: float) -> float | None:
    """By nearest rank. A sample of statistics only has percentiles if all its values are the same."""
    pairs: list[tuple[float, float]] = []
    for sample in samples:
        if not sample.values and sample.least != sample.most:
            return None
        pairs.extend(sample.values or ((sample.least, sample.count),))
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
