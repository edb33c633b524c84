"""How often the analysis cries wolf, and how small a regression it finds: a seeded simulation.

`python -m benchmarks.analysis_power` writes benchmarks/ANALYSIS.md.  Each side answers so many requests a minute for
ten minutes; errors are binomial, latencies lognormal (median 100 ms, p99 about 320 ms); three metrics are compared
together, as a team would: error rate, p50 and p99, with the defaults of the configuration.
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
    """Simulate, print, and write the page."""
    began = time.monotonic()
    page = render(np.random.default_rng(SEED))
    Path(__file__).with_name("ANALYSIS.md").write_text(page, encoding="utf-8")
    print(page)
    print(f"took {time.monotonic() - began:.0f} s")


def render(chance: np.random.Generator) -> str:
    """The page: false alarms first, then what is found."""
    alarms = {(rate, error): false_alarms(chance, rate, error) for rate in RATES for error in ERROR_RATES}
    lines = [
        "# What the analysis finds, and how often it is wrong",
        "",
        f"`python -m benchmarks.analysis_power` (seed {SEED}); {PERIODS} periods of a minute on each side, three",
        "metrics (error rate, p50, p99) with their defaults: confidence 98 %, a change of a tenth matters.",
        "",
        f"## False alarms in {PAIRS} pairs of equals",
        "",
        "A verdict other than PASS, percent; the aim is 2 % at most.",
        "",
        "| requests/min a side | " + " | ".join(f"{error:g} % errors" for error in ERROR_RATES) + " |",
        "|---" * (len(ERROR_RATES) + 1) + "|",
        *(f"| {rate} | " + " | ".join(f"{alarms[rate, error]:.1f}" for error in ERROR_RATES) + " |" for rate in RATES),
        "",
        f"## The smallest regression found with {POWER:.0%} power ({TRIALS} trials each)",
        "",
        "Error rate: percent points added. Latency: percent added to every request's time.",
        "",
        "| requests/min a side | " + " | ".join(f"errors, from {e:g} %" for e in ERROR_RATES) + " | latency |",
        "|---" * (len(ERROR_RATES) + 2) + "|",
    ]
    for rate in RATES:
        errors = [
            _smallest(ERROR_STEPS, lambda step, e=e, r=rate: power(chance, r, e, e + step, 1.0)) for e in ERROR_RATES
        ]
        latency = _smallest(LATENCY_STEPS, lambda step, r=rate: power(chance, r, 0.1, 0.1, 1 + step / 100))
        lines.append(f"| {rate} | " + " | ".join(f"+{e}" for e in errors) + f" | +{latency} % |")
    return "\n".join(lines) + "\n"


def false_alarms(chance: np.random.Generator, rate: int, error: float) -> float:
    """Percent of pairs of equals whose verdict is not PASS."""
    wrong = sum(not passes(sample(chance, rate, error, 1.0), sample(chance, rate, error, 1.0)) for _ in range(PAIRS))
    return 100.0 * wrong / PAIRS


def power(chance: np.random.Generator, rate: int, before: float, after: float, slower: float) -> float:
    """How often the regression is not passed."""
    found = sum(
        not passes(sample(chance, rate, after, slower), sample(chance, rate, before, 1.0)) for _ in range(TRIALS)
    )
    return found / TRIALS


def passes(candidate: Series, baseline: Series) -> bool:
    """The verdict of the product's own judge."""
    pairs = [
        MetricPair(name=name, candidate=candidate[name], baseline=baseline[name], critical=True) for name in candidate
    ]
    return judge_analysis(pairs, Thresholds())[0].verdict is Outcome.PASS


def sample(chance: np.random.Generator, rate: int, error_percent: float, slower: float) -> Series:
    """Ten minutes of one side, a sample a minute."""
    errors = chance.binomial(rate, error_percent / 100, PERIODS) / rate * 100
    times = np.exp(np.log(0.1) + SIGMA * chance.standard_normal((PERIODS, rate))) * slower
    p50, p99 = np.quantile(times, [0.5, 0.99], axis=1)
    return {name: tuple(map(float, values)) for name, values in (("errors", errors), ("p50", p50), ("p99", p99))}


def _smallest(steps: tuple[float, ...], power_of: Callable[[float], float]) -> str:
    for step in steps:
        if power_of(step) >= POWER:
            return f"{step:g}"
    return f"more than {steps[-1]:g}"


if __name__ == "__main__":
    main()
