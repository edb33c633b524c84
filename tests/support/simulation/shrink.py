"""Make a failing case small: leave out directives, and shorten the slices, while the same promise stays broken."""

from collections.abc import Iterator
from dataclasses import replace

from support.simulation.cases import Case, Directive, run_case
from support.simulation.watch import Broken


def shrink(case: Case, attempts: int = 600) -> Case:
    """The smallest case that this finds in a number of attempts; `case` must fail."""
    wanted = _failure(case)
    if wanted is None:
        return case
    left = attempts
    progress = True
    while progress and left > 0:
        progress = False
        for smaller in _smaller(case.directives):
            left -= 1
            if left <= 0:
                break
            candidate = replace(case, directives=smaller)
            if _failure(candidate) == wanted:
                case, progress = candidate, True
                break
    return case


def _failure(case: Case) -> str | None:
    """What makes two failures the same: the promise, or the kind of the error."""
    try:
        run_case(case)
    except Broken as broken:
        return f"promise {broken.number}"
    except Exception as error:  # noqa: BLE001  an error of the simulator is a failure of its own kind
        return type(error).__name__
    return None


def _smaller(directives: tuple[Directive, ...]) -> Iterator[tuple[Directive, ...]]:
    """The case without half, a quarter … one of its directives; then with shorter slices."""
    size = max(1, len(directives) // 2)
    while True:
        for start in range(0, len(directives), size):
            yield directives[:start] + directives[start + size :]
        if size == 1:
            break
        size //= 2
    for index, directive in enumerate(directives):
        if directive[0] == "run" and directive[1] > 1:
            for length in (directive[1] // 2, directive[1] - 1):
                yield (*directives[:index], ("run", length, 0), *directives[index + 1 :])
