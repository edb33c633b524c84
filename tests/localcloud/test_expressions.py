"""Metric math."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cutover.localcloud.metrics.errors import CloudWatchError
from cutover.localcloud.metrics.expressions import evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-2 ^ 2", -4.0),
        ("IF(1 > 2, 3, 4)", 4.0),
        ("SUM(m)", 6.0),
        ("m / 2", {0.0: 1.0, 60.0: 2.0}),
        ("SUM([m, k])", {0.0: 12.0, 60.0: 4.0}),
        ("m / 0", {}),
        ("IF(m > 3, m)", {60.0: 4.0}),
        ("MAX(METRICS())", {0.0: 10.0, 60.0: 4.0}),
        ("m > 3 AND m < 5", {0.0: 0.0, 60.0: 1.0}),
    ],
)
def test_an_expression_has_the_meaning_that_aws_gives_it(text: str, value: object) -> None:
    assert evaluate(text, {"m": {0.0: 2.0, 60.0: 4.0}, "k": {0.0: 10.0}}, [0.0, 60.0]) == value


@given(some.text(alphabet="m1k()[]+-*/^<>=,. SUMIFANDOR'\"", max_size=60))
def test_any_text_is_computed_or_rejected(text: str) -> None:
    # Any other exception fails the test.
    with suppress(CloudWatchError):
        evaluate(text, {"m": {0.0: 2.0}, "k": {}}, [0.0])
