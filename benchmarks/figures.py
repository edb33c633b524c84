"""A figure with its peer and its aim, and how the table looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """Median and range of cutover's runs, the median of the bare calls, and what is aimed at."""

    name: str
    unit: str
    runs: tuple[float, ...]
    bare: tuple[float, ...] = ()
    aim: str = ""


def timed(work: Callable[[], object], runs: int, before: Callable[[], object] | None = None) -> tuple[float, ...]:
    """Seconds of each run; `before` is done first each time and not counted."""
    found = []
    for _ in range(runs):
        if before is not None:
            before()
        began = perf_counter()
        work()
        found.append(perf_counter() - began)
    return tuple(found)


def table(figures: Sequence[Figure]) -> str:
    """Markdown, one line for each figure."""
    lines = ["| figure | cutover | range | bare | ratio | aim |", "|---|---|---|---|---|---|"]
    for figure in figures:
        mine = median(figure.runs)
        bare = f"{median(figure.bare):.3f} {figure.unit}" if figure.bare else ""
        ratio = f"{mine / median(figure.bare):.1f}" if figure.bare else ""
        span = f"{min(figure.runs):.3f}-{max(figure.runs):.3f}"
        lines.append(f"| {figure.name} | {mine:.3f} {figure.unit} | {span} | {bare} | {ratio} | {figure.aim} |")
    return "\n".join(lines) + "\n"
