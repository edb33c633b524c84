"""The evaluator decides as IAM does."""

from typing import Any

import pytest

from support.permissions.evaluator import Request, is_allowed

READ = Request("s3:GetObject", "arn:aws:s3:::shop/a/b", {"aws:requestedregion": ("eu-west-1",)})


def documents(effect: str = "Allow", **elements: Any) -> list[Any]:
    statement = {"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*", **elements}
    statement = {key: value for key, value in statement.items() if value is not None}
    return [{"Version": "2012-10-17", "Statement": [statement]}]


@pytest.mark.parametrize(
    ("elements", "allowed"),
    [
        ({}, True),
        ({"Action": "s3:Get*"}, True),
        ({"Action": ["S3:getobject"]}, True),
        ({"Action": "s3:PutObject"}, False),
        ({"Action": None, "NotAction": "s3:Put*"}, True),
        ({"Action": None, "NotAction": "s3:Get*"}, False),
        ({"Resource": "arn:aws:s3:::shop/a/?"}, True),
        ({"Resource": "arn:aws:s3:::shop/a"}, False),
        ({"Resource": "arn:aws:s3:::*"}, True),
        ({"Resource": "arn:aws:*:a/b"}, False),
        ({"Resource": None, "NotResource": "arn:aws:s3:::other/*"}, True),
    ],
)
def test_actions_and_resources_match_by_their_patterns(elements: dict[str, Any], allowed: bool) -> None:
    assert is_allowed(READ, documents(**elements)) == allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "holds"),
    [
        ("StringEquals", "a", ("a",), True),
        ("StringEquals", ["a", "b"], ("b",), True),
        ("StringEquals", "a", ("A",), False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", "a", ("a",), False),
        ("StringLike", "sh?p-*", ("shop-1",), True),
        ("StringLike", "shop", ("shop-1",), False),
        ("ArnLike", "arn:aws:ecs:*:1:cluster/a*", ("arn:aws:ecs:eu-west-1:1:cluster/ab",), True),
        ("ArnLike", "arn:aws:*:cluster/ab", ("arn:aws:ecs:eu-west-1:1:cluster/ab",), False),
        ("Bool", "true", ("true",), True),
        ("Bool", "true", ("false",), False),
        ("Null", "true", None, True),
        ("Null", "true", ("a",), False),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAnyValue:StringEquals", ["a"], ("a", "b"), True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
    ],
)
def test_conditions_hold_as_their_operators_say(
    operator: str, wanted: Any, values: tuple[str, ...] | None, holds: bool
) -> None:
    request = Request(READ.action, READ.resource, {} if values is None else {"key": values})
    assert is_allowed(request, documents(Condition={operator: {"Key": wanted}})) == holds


def test_a_denial_wins_over_every_permission() -> None:
    assert not is_allowed(READ, [*documents(), *documents("Deny", Action="s3:*")])
    assert is_allowed(READ, [*documents(), *documents("Deny", Action="s3:Put*")])
    assert not is_allowed(READ, documents(), documents("Deny"))


def test_a_boundary_limits_and_allows_nothing_itself() -> None:
    assert is_allowed(READ, documents(), documents())
    assert not is_allowed(READ, documents(), documents(Action="s3:PutObject"))
    assert not is_allowed(READ, [], documents())


@pytest.mark.parametrize(
    "wrong",
    [
        {"Principal": "*"},
        {"NotAction": "s3:*"},
        {"Condition": {"DateLessThan": {"aws:requestedregion": "1"}}},
        {"Condition": {"ForSome:StringEquals": {"aws:requestedregion": "1"}}},
    ],
)
def test_what_the_evaluator_does_not_know_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"does not know|either"):
        is_allowed(READ, documents(**wrong))
