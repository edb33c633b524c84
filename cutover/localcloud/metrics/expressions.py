"""Metric math: + - * / ^, comparisons, AND, OR, and the functions below, over numbers and time series.

What an expression means: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from cutover.localcloud.metrics.errors import CloudWatchError, invalid

Series = Mapping[float, float]  # value by the start of its period
Value = float | Series | Sequence[Series]  # the last: what METRICS() and [m1, m2] are
_Table = Mapping[str, Callable[[float, float], float]]

_SYMBOL = re.compile(
    r"\s*(?:(\d+\.?\d*|\.\d+)|([A-Za-z_][\w]*)|(\"[^\"]*\"|'[^']*')|(==|!=|<=|>=|&&|\|\||[-+*/^()\[\],<>]))"
)
_SUMS: _Table = {"+": operator.add, "-": operator.sub}
_PRODUCTS: _Table = {"*": operator.mul, "/": operator.truediv}
_COMPARISONS: _Table = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_FOLDS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SUM": sum, "AVG": lambda values: sum(values) / len(values), "MIN": min, "MAX": max,
}  # fmt: skip
_SINGLE: Mapping[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
_DEEPEST = 50
_LONGEST = 1024  # characters, as CloudWatch's


def evaluate(expression: str, known: Mapping[str, Value], periods: Sequence[float]) -> Value:
    """The value of an expression over what is known by Id; `periods` are the starts of all periods asked for.

    Raises CloudWatchError (ValidationError) for an unknown Id, an unknown function or a slip of the pen.
    """
    if len(expression) > _LONGEST:
        raise invalid(f"an expression has at most {_LONGEST} characters")
    parser = _Parser(expression, known, periods)
    value = parser.alternatives()
    if parser.symbol is not None:
        raise invalid(f"Error in expression '{expression}': unexpected {parser.symbol}")
    return value


class _Parser:
    """Recursive descent that computes as it reads; each method is one level of precedence."""

    def __init__(self, text: str, known: Mapping[str, Value], periods: Sequence[float]) -> None:
        self._text, self._known, self._periods = text, known, periods
        self._at = self._depth = 0
        self.symbol: str | None = None
        self._next()

    def alternatives(self) -> Value:
        """Everything up to a symbol that belongs to someone else: a comma, a closing bracket, the end."""
        left = self._conjunction()
        while self.symbol in {"OR", "||"}:
            self._next()
            left = _combine(lambda a, b: float(bool(a) or bool(b)), left, self._conjunction())
        return left

    def _slip(self, why: str) -> CloudWatchError:
        return invalid(f"Error in expression '{self._text}': {why}")

    def _conjunction(self) -> Value:
        left = self._level(_COMPARISONS, self._sum)
        while self.symbol in {"AND", "&&"}:
            self._next()
            right = self._level(_COMPARISONS, self._sum)
            left = _combine(lambda a, b: float(bool(a) and bool(b)), left, right)
        return left

    def _sum(self) -> Value:
        return self._level(_SUMS, lambda: self._level(_PRODUCTS, self._power))

    def _level(self, operators: _Table, deeper: Callable[[], Value]) -> Value:
        left = deeper()
        while self.symbol is not None and self.symbol in operators:
            apply = operators[self.symbol]
            self._next()
            left = _combine(apply, left, deeper())
        return left

    def _power(self) -> Value:
        sign = 1.0
        while self.symbol == "-":
            self._next()
            sign = -sign
        base = self._atom()
        while self.symbol == "^":
            self._next()
            base = _combine(operator.pow, base, self._atom())
        return base if sign > 0 else _combine(operator.mul, -1.0, base)

    def _atom(self) -> Value:
        symbol = self._take()
        if re.match(r"[\d.]", symbol):
            return float(symbol)
        if symbol == "(":
            inner = self._nested(")")
            if len(inner) != 1:
                raise self._slip("a bracket holds one value")
            return inner[0]
        if symbol == "[":
            return [item for value in self._nested("]") for item in self._many(value)]
        if symbol[0].isalpha() or symbol[0] == "_":
            if self.symbol == "(":
                self._next()
                return self._call(symbol.upper())
            if symbol in self._known:
                return self._known[symbol]
            raise self._slip(f"undefined Id {symbol}")
        raise self._slip(f"unexpected {symbol}")

    def _nested(self, closing: str) -> list[Value]:
        """Values separated by commas, up to the closing bracket."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._slip("nested too deeply")
        values: list[Value] = []
        while self.symbol != closing:
            values.append(self._text_argument() if self._is_text() else self.alternatives())
            if self.symbol == ",":
                self._next()
            elif self.symbol != closing:
                raise self._slip(f"expected {closing}")
        self._next()
        self._depth -= 1
        return values

    def _call(self, name: str) -> Value:
        arguments = self._nested(")")
        match name, arguments:
            case "METRICS", []:
                return [value for value in self._known.values() if isinstance(value, Mapping)]
            case "METRICS", [chosen]:
                return chosen
            case (("SUM" | "AVG" | "MIN" | "MAX"), [only]):
                return self._fold(_FOLDS[name], only)
            case (("ABS" | "CEIL" | "FLOOR"), [only]):
                apply = _SINGLE[name]
                return _combine(lambda a, _: apply(a), only, 0.0)
            case "FILL", [series, filling]:
                return self._fill(series, filling)
            case "IF", [test, yes]:
                return self._choose(test, yes, {})
            case "IF", [test, yes, no]:
                return self._choose(test, yes, no)
        raise self._slip(f"unknown function {name} with {len(arguments)} arguments")

    def _fold(self, fold: Callable[[Sequence[float]], float], value: Value) -> Value:
        """Over several series: period by period. Over one: a number."""
        if isinstance(value, float):
            return value
        if isinstance(value, Mapping):
            return float(fold(list(value.values()))) if value else {}
        times = sorted({at for series in value for at in series})
        return {at: float(fold([series[at] for series in value if at in series])) for at in times}

    def _fill(self, value: Value, filling: Value) -> Value:
        if isinstance(value, float):
            return value
        if not isinstance(value, Mapping):
            return [self._filled(series, filling) for series in value]
        return self._filled(value, filling)

    def _filled(self, series: Series, filling: Value) -> Series:
        """The series with a value in every period that is asked for."""
        if not isinstance(filling, float):
            raise self._slip("FILL takes a number; REPEAT and LINEAR are not simulated")
        return {at: series.get(at, filling) for at in sorted({*self._periods, *series})}

    def _choose(self, test: Value, yes: Value, no: Value) -> Value:
        if isinstance(test, float):
            return yes if test else no
        if not isinstance(test, Mapping):
            raise self._slip("IF tests a number or one series")
        chosen = {at: _at(yes if flag else no, at) for at, flag in test.items()}
        return {at: value for at, value in chosen.items() if value is not None}

    def _many(self, value: Value) -> Sequence[Series]:
        if isinstance(value, float):
            raise self._slip("an array holds series, not numbers")
        return [value] if isinstance(value, Mapping) else value

    def _is_text(self) -> bool:
        return self.symbol is not None and self.symbol[0] in "\"'"

    def _text_argument(self) -> Value:
        """METRICS("text"): the metrics whose Id contains it."""
        wanted = self._take()[1:-1]
        return [value for name, value in self._known.items() if wanted in name and isinstance(value, Mapping)]

    def _take(self) -> str:
        if self.symbol is None:
            raise self._slip("it ends too early")
        symbol = self.symbol
        self._next()
        return symbol

    def _next(self) -> None:
        if not self._text[self._at :].strip():
            self.symbol = None
            return
        found = _SYMBOL.match(self._text, self._at)
        if found is None:
            raise self._slip(f"unexpected {self._text[self._at]}")
        self._at = found.end()
        self.symbol = found[1] or found[2] or found[3] or found[4]


def _combine(apply: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Value by value; two series meet in the periods that both have. A division by zero has no value."""
    if isinstance(left, float) and isinstance(right, float):
        value = _tried(apply, left, right)
        return {} if value is None else value
    times: set[float] = set()
    for number, side in enumerate(series for series in (left, right) if not isinstance(series, float)):
        if not isinstance(side, Mapping):
            raise invalid("an array of series must be folded first, by SUM for example")
        times = set(side) if number == 0 else times & set(side)
    results: dict[float, float] = {}
    for at in sorted(times):
        a, b = _at(left, at), _at(right, at)
        value = None if a is None or b is None else _tried(apply, a, b)
        if value is not None:
            results[at] = value
    return results


def _at(value: Value, at: float) -> float | None:
    if isinstance(value, float):
        return value
    if not isinstance(value, Mapping):
        raise invalid("an array of series must be folded first, by SUM for example")
    return value.get(at)


def _tried(apply: Callable[[float, float], float], left: float, right: float) -> float | None:
    try:
        result = apply(left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    return float(result) if not isinstance(result, complex) and math.isfinite(result) else None
