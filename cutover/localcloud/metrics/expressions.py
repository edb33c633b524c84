"""Metric math: + - * / ^, comparisons, AND, OR, and the functions below, over numbers and time series.

What an expression means: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from cutover.localcloud.metrics.errors import invalid
from cutover.localcloud.metrics.tokens import Kind, Tokens

Series = Mapping[float, float]  # value by the start of its period
Value = float | Series | Sequence[Series]  # several series: the value of METRICS() and [m1, m2]
_Table = Mapping[str, Callable[[float, float], float]]

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
    """Return the value of an expression over the values known by Id.

    `periods` are the starts of all periods requested, in seconds since the epoch. Raises CloudWatchError
    (ValidationError) for an unknown Id, an unknown function or a syntax error.
    """
    if len(expression) > _LONGEST:
        raise invalid(f"An expression has at most {_LONGEST} characters.")
    tokens = _tokens(expression)
    value = _Parser(tokens, known, periods).value()
    tokens.expect_end()
    return value


def names_in(expression: str) -> set[str]:
    """Every name in an expression: Ids of other queries, functions and operators. Raises CloudWatchError."""
    return {token.text for token in _tokens(expression).all() if token.kind is Kind.NAME}


def _tokens(expression: str) -> Tokens:
    return Tokens(expression, name=r"[A-Za-z_]\w*", what=f"Error in expression '{expression}'")


class _Parser:
    """Recursive descent that computes as it reads; each method is one level of precedence, the lowest first."""

    def __init__(self, tokens: Tokens, known: Mapping[str, Value], periods: Sequence[float]) -> None:
        self._tokens, self._known, self._periods = tokens, known, periods
        self._depth = 0

    def value(self) -> Value:
        """The value of the longest expression that begins at the cursor."""
        left = self._conjunction()
        while self._tokens.skip("OR", "||"):
            left = _combine(lambda a, b: float(bool(a) or bool(b)), left, self._conjunction())
        return left

    def _conjunction(self) -> Value:
        left = self._operation(_COMPARISONS, self._sum)
        while self._tokens.skip("AND", "&&"):
            right = self._operation(_COMPARISONS, self._sum)
            left = _combine(lambda a, b: float(bool(a) and bool(b)), left, right)
        return left

    def _sum(self) -> Value:
        return self._operation(_SUMS, lambda: self._operation(_PRODUCTS, self._power))

    def _operation(self, operators: _Table, operand: Callable[[], Value]) -> Value:
        left = operand()
        while self._tokens.next_is(*operators):
            apply = operators[self._tokens.next().text]
            left = _combine(apply, left, operand())
        return left

    def _power(self) -> Value:
        sign = 1.0
        while self._tokens.skip("-"):
            sign = -sign
        base = self._atom()
        while self._tokens.skip("^"):
            base = _combine(operator.pow, base, self._atom())
        return base if sign > 0 else _combine(operator.mul, -1.0, base)

    def _atom(self) -> Value:
        token = self._tokens.next()
        match token.kind:
            case Kind.NUMBER:
                return float(token.text)
            case Kind.NAME:
                return self._named(token.text)
            case Kind.SYMBOL if token.text == "(":
                values = self._list_until(")")
                if len(values) != 1:
                    raise self._tokens.error("parentheses must contain one value")
                return values[0]
            case Kind.SYMBOL if token.text == "[":
                return [series for value in self._list_until("]") for series in self._series_of(value)]
            case Kind.SYMBOL | Kind.TEXT:
                raise self._tokens.error(f"unexpected {token.text}")
            case unknown:
                assert_never(unknown)

    def _named(self, name: str) -> Value:
        if self._tokens.skip("("):
            return self._call(name.upper())
        if name not in self._known:
            raise self._tokens.error(f"undefined Id {name}")
        return self._known[name]

    def _list_until(self, closing: str) -> list[Value]:
        """Return the values separated by commas, and move past the closing bracket."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._tokens.error("nested too deeply")
        values: list[Value] = []
        while not self._tokens.skip(closing):
            values.append(self._argument())
            if not self._tokens.next_is(closing):
                self._tokens.expect(",")
        self._depth -= 1
        return values

    def _argument(self) -> Value:
        """A value, or a text as in METRICS("text"): the metrics whose Id contains it."""
        token = self._tokens.peek()
        if token is None or token.kind is not Kind.TEXT:
            return self.value()
        self._tokens.next()
        return [value for name, value in self._known.items() if token.text in name and isinstance(value, Mapping)]

    def _call(self, name: str) -> Value:
        arguments = self._list_until(")")
        match name, arguments:
            case "METRICS", []:
                return [value for value in self._known.values() if isinstance(value, Mapping)]
            case "METRICS", [chosen]:
                return chosen
            case (("SUM" | "AVG" | "MIN" | "MAX"), [only]):
                return _fold(_FOLDS[name], only)
            case (("ABS" | "CEIL" | "FLOOR"), [only]):
                apply = _SINGLE[name]
                return _combine(lambda a, _: apply(a), only, 0.0)
            case "FILL", [series, filling]:
                return self._fill(series, filling)
            case "IF", [test, yes]:
                return self._choose(test, yes, {})
            case "IF", [test, yes, no]:
                return self._choose(test, yes, no)
        raise self._tokens.error(f"unknown function {name} with {len(arguments)} arguments")

    def _fill(self, value: Value, filling: Value) -> Value:
        if isinstance(value, float):
            return value
        if not isinstance(value, Mapping):
            return [self._filled(series, filling) for series in value]
        return self._filled(value, filling)

    def _filled(self, series: Series, filling: Value) -> Series:
        """The series with a value in every period requested."""
        if not isinstance(filling, float):
            raise self._tokens.error("FILL takes a number; REPEAT and LINEAR are not simulated")
        return {at: series.get(at, filling) for at in sorted({*self._periods, *series})}

    def _choose(self, test: Value, yes: Value, no: Value) -> Value:
        if isinstance(test, float):
            return yes if test else no
        if not isinstance(test, Mapping):
            raise self._tokens.error("IF tests a number or one series")
        chosen = {at: _at(yes if flag else no, at) for at, flag in test.items()}
        return {at: value for at, value in chosen.items() if value is not None}

    def _series_of(self, value: Value) -> Sequence[Series]:
        if isinstance(value, float):
            raise self._tokens.error("an array must contain series, not numbers")
        return [value] if isinstance(value, Mapping) else value


def _fold(fold: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Fold several series to one, period by period; fold one series to a number."""
    if isinstance(value, float):
        return value
    if isinstance(value, Mapping):
        return float(fold(list(value.values()))) if value else {}
    times = sorted({at for series in value for at in series})
    return {at: float(fold([series[at] for series in value if at in series])) for at in times}


def _combine(apply: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Apply an operator to each pair of values.

    Two series are combined in the periods that both have. A division by zero has no value.
    """
    if isinstance(left, float) and isinstance(right, float):
        value = _apply(apply, left, right)
        return {} if value is None else value
    times: set[float] = set()
    for number, side in enumerate(series for series in (left, right) if not isinstance(series, float)):
        if not isinstance(side, Mapping):
            raise invalid("Combine an array of series into one series first, for example by SUM.")
        times = set(side) if number == 0 else times & set(side)
    results: dict[float, float] = {}
    for at in sorted(times):
        a, b = _at(left, at), _at(right, at)
        value = None if a is None or b is None else _apply(apply, a, b)
        if value is not None:
            results[at] = value
    return results


def _at(value: Value, at: float) -> float | None:
    if isinstance(value, float):
        return value
    if not isinstance(value, Mapping):
        raise invalid("Combine an array of series into one series first, for example by SUM.")
    return value.get(at)


def _apply(apply: Callable[[float, float], float], left: float, right: float) -> float | None:
    try:
        result = apply(left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    return float(result) if not isinstance(result, complex) and math.isfinite(result) else None
