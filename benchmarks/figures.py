"""A measured figure, its comparison with bare boto3 calls, and the table of all figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """The results of cutover's runs and of the same work by bare boto3 calls, both in `unit`; and the aim as text."""

    name: str
    unit: str
    runs: tuple[float, ...]
    bare: tuple[float, ...] = ()
    aim: str = ""


def timed(work: Callable[[], object], runs: int, before: Callable[[], object] | None = None) -> tuple[float, ...]:
    """Return the seconds of each run of `work`. `before` runs first each time and does not count."""
    seconds = []
    for _ in range(runs):
        if before is not None:
            before()
        started = perf_counter()
        work()
        seconds.append(perf_counter() - started)
    return tuple(seconds)


def table(figures: Sequence[Figure]) -> str:
    """Return a Markdown table with one line for each figure."""
    lines = ["| figure | cutover | range | bare | ratio | aim |", "|---|---|---|---|---|---|"]
    for figure in figures:
        middle = median(figure.runs)
        bare = f"{median(figure.bare):.3f} {figure.unit}" if figure.bare else ""
        ratio = f"{middle / median(figure.bare):.1f}" if figure.bare else ""
        span = f"{min(figure.runs):.3f}-{max(figure.runs):.3f}"
        lines.append(f"| {figure.name} | {middle:.3f} {figure.unit} | {span} | {bare} | {ratio} | {figure.aim} |")
    return "\n".join(lines) + "\n"
