"""The rules of composite alarms."""

import pytest

from cutover.localcloud.metrics.composites import parse_rule
from cutover.localcloud.metrics.errors import CloudWatchError

STATES = {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA", "with space": "ALARM"}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(a)", True),
        ("ALARM(b)", False),
        ("ALARM(nobody)", False),
        ("OK(b) AND INSUFFICIENT_DATA(c)", True),
        ("ALARM(b) OR ALARM(a) AND OK(a)", False),
        ("(ALARM(b) OR ALARM(a)) AND NOT OK(a)", True),
        ('ALARM("with space")', True),
        ("ALARM(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a)", True),
        ("TRUE AND NOT FALSE", True),
        ("NOT(ALARM(b))AND(ALARM(a))", True),
        ("ALARM(AND)", False),
    ],
)
def test_a_rule_has_the_meaning_that_aws_gives_it(rule: str, holds: bool) -> None:
    assert parse_rule(rule)(STATES) is holds


@pytest.mark.parametrize(
    "rule", ["", "ALARM", "ALARM(a) ALARM(b)", "(ALARM(a)", "MAYBE(a)", "NOT", 'ALARM("")', "ALARM(a", "ALARM()"]
)
def test_a_rule_with_a_syntax_error_is_rejected(rule: str) -> None:
    with pytest.raises(CloudWatchError):
        parse_rule(rule)
