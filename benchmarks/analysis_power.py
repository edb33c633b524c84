"""Simulate the analysis: how often it raises a false alarm, and how small a regression it finds.

`python -m benchmarks.analysis_power` writes benchmarks/ANALYSIS.md. Each side serves a fixed number of requests per
minute for ten minutes. Errors are binomial, and latencies are lognormal (median 100 ms, p99 about 320 ms). The analysis
compares three metrics together: error rate, p50 and p99, with the defaults of the configuration. The seed is fixed.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cutover.domain import Outcome
from cutover.gates.analysis import Thresholds, judge_analysis
from cutover.gates.comparison import MetricPair

SEED = 20261124
PERIODS = 10
SIGMA = 0.5
RATES = (60, 300, 1200, 6000)
ERROR_RATES = (0.0, 0.1, 1.0)
ERROR_STEPS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
LATENCY_STEPS = (2, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100)
PAIRS, TRIALS, POWER = 1000, 200, 0.95

Series = dict[str, tuple[float, ...]]


def main() -> None:
    """Run the simulation, print the page and write it to the file."""
    started = time.monotonic()
    page = render(np.random.default_rng(SEED))
    Path(__file__).with_name("ANALYSIS.md").write_text(page, encoding="utf-8")
    print(page)
    print(f"took {time.monotonic() - started:.0f} s")


def render(rng: np.random.Generator) -> str:
    """Return the page as Markdown: the false alarms, then the smallest regressions found."""
    alarms = {(rate, error): false_alarms(rng, rate, error) for rate in RATES for error in ERROR_RATES}
    lines = [
        "# How small a regression the analysis finds, and how often it is wrong",
        "",
        f"Written by `python -m benchmarks.analysis_power` (seed {SEED}): {PERIODS} periods of a minute on each side,",
        "three metrics (error rate, p50, p99), and the defaults: confidence 98 %, smallest effect 10 %.",
        "",
        f"## False alarms in {PAIRS} comparisons of equal releases",
        "",
        "Percent of comparisons with a verdict other than PASS. The aim is at most 2 %.",
        "",
        "| requests/min per side | " + " | ".join(f"{error:g} % errors" for error in ERROR_RATES) + " |",
        "|---" * (len(ERROR_RATES) + 1) + "|",
        *(f"| {rate} | " + " | ".join(f"{alarms[rate, error]:.1f}" for error in ERROR_RATES) + " |" for rate in RATES),
        "",
        f"## The smallest regression found in at least {100 * POWER:.0f} % of {TRIALS} trials",
        "",
        "Errors: percentage points added to the error rate. Latency: percent added to the time of every request.",
        "",
        "| requests/min per side | " + " | ".join(f"errors, from {e:g} %" for e in ERROR_RATES) + " | latency |",
        "|---" * (len(ERROR_RATES) + 2) + "|",
    ]
    for rate in RATES:
        errors = [
            _smallest(ERROR_STEPS, lambda step, e=e, r=rate: power(rng, r, e, e + step, 1.0)) for e in ERROR_RATES
        ]
        latency = _smallest(LATENCY_STEPS, lambda step, r=rate: power(rng, r, 0.1, 0.1, 1 + step / 100))
        lines.append(f"| {rate} | " + " | ".join(f"+{e}" for e in errors) + f" | +{latency} % |")
    return "\n".join(lines) + "\n"


def false_alarms(rng: np.random.Generator, rate: int, error: float) -> float:
    """Return the percentage of comparisons of two equal releases whose verdict is not PASS."""
    wrong = sum(not passes(sample(rng, rate, error, 1.0), sample(rng, rate, error, 1.0)) for _ in range(PAIRS))
    return 100.0 * wrong / PAIRS


def power(rng: np.random.Generator, rate: int, before: float, after: float, slower: float) -> float:
    """Return the fraction of trials in which the analysis finds the regression.

    The regression raises the errors from `before` to `after` percent, and multiplies latencies by `slower`.
    """
    detected = sum(not passes(sample(rng, rate, after, slower), sample(rng, rate, before, 1.0)) for _ in range(TRIALS))
    return detected / TRIALS


def passes(candidate: Series, baseline: Series) -> bool:
    """Whether the verdict of the analysis is PASS."""
    pairs = [
        MetricPair(name=name, candidate=candidate[name], baseline=baseline[name], critical=True) for name in candidate
    ]
    return judge_analysis(pairs, Thresholds())[0].verdict is Outcome.PASS


def sample(rng: np.random.Generator, rate: int, error_percent: float, slower: float) -> Series:
    """Return ten minutes of one side: one sample of each metric per minute, errors in percent, latencies in seconds."""
    errors = rng.binomial(rate, error_percent / 100, PERIODS) / rate * 100
    times = np.exp(np.log(0.1) + SIGMA * rng.standard_normal((PERIODS, rate))) * slower
    p50, p99 = np.quantile(times, [0.5, 0.99], axis=1)
    return {name: tuple(map(float, values)) for name, values in (("errors", errors), ("p50", p50), ("p99", p99))}


def _smallest(steps: tuple[float, ...], power_of: Callable[[float], float]) -> str:
    for step in steps:
        if power_of(step) >= POWER:
            return f"{step:g}"
    return f"more than {steps[-1]:g}"


if __name__ == "__main__":
    main()
