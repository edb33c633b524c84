"""Decides as IAM does whether policy documents allow a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: an explicit denial wins; then
an identity-based policy and, if there is one, the permissions boundary must both allow. An element or an operator that
this module does not know is an error, so that no policy passes unread.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Document = Mapping[str, Any]
Values = tuple[str, ...]

_ELEMENTS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource, with the condition keys of the request (names in lower case)."""

    action: str
    resource: str
    context: Mapping[str, Values] = field(default_factory=dict)


def is_allowed(request: Request, documents: Iterable[Document], boundary: Iterable[Document] | None = None) -> bool:
    """Whether the identity's documents, and the boundary's if there is one, allow the request and none denies it."""
    mine, limits = list(documents), None if boundary is None else list(boundary)
    if any(_matches(s, request) for s in _statements([*mine, *(limits or ())], "Deny")):
        return False
    allowed = any(_matches(s, request) for s in _statements(mine, "Allow"))
    return allowed and (limits is None or any(_matches(s, request) for s in _statements(limits, "Allow")))


def allowing(request: Request, documents: Iterable[Document]) -> list[Document]:
    """The statements that allow the request."""
    return [statement for statement in _statements(list(documents), "Allow") if _matches(statement, request)]


def matches_action(pattern: str, action: str) -> bool:
    """Whether an action's name matches; the case of letters does not matter."""
    return _like(pattern.lower(), action.lower())


def listed(value: object) -> Values:
    """An element of a policy as a tuple: one value may stand alone."""
    return (str(value),) if isinstance(value, str | bool) else tuple(str(each) for each in value)  # type: ignore[attr-defined]


def _statements(documents: Sequence[Document], effect: str) -> Iterable[Document]:
    for document in documents:
        if document["Version"] != "2012-10-17":
            raise ValueError(f"not a version that has variables: {document['Version']}")
        statements = document["Statement"]
        for statement in [statements] if isinstance(statements, Mapping) else statements:
            if unknown := set(statement) - _ELEMENTS:
                raise ValueError(f"the evaluator does not know {unknown}")
            if statement["Effect"] == effect:
                yield statement


def _matches(statement: Document, request: Request) -> bool:
    return (
        _covers(statement, "Action", "NotAction", lambda pattern: matches_action(pattern, request.action))
        and _covers(statement, "Resource", "NotResource", lambda pattern: _like_arn(pattern, request.resource))
        and all(
            _holds(operator, key, listed(wanted), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _covers(statement: Document, name: str, negated: str, matches: Callable[[str], bool]) -> bool:
    if (name in statement) == (negated in statement):
        raise ValueError(f"a statement has either {name} or {negated}: {statement}")
    patterns = listed(statement[name] if name in statement else statement[negated])
    return any(map(matches, patterns)) == (name in statement)


def _holds(operator: str, key: str, wanted: Values, context: Mapping[str, Values]) -> bool:
    """Whether one key fulfils its condition."""
    qualifier, _, base = operator.rpartition(":")
    base, if_exists = base.removesuffix("IfExists"), base.endswith("IfExists")
    present = context.get(key.lower())
    if base == "Null":
        return (present is None) == (wanted == ("true",))
    if present is None:
        # A missing key fulfils a negated operator and ForAllValues, and no other.
        return if_exists or qualifier == "ForAllValues" or base.startswith(("StringNot", "ArnNot"))
    test = _operator(base)
    match qualifier:
        case "ForAllValues":
            return all(test(value, wanted) for value in present)
        case "ForAnyValue":
            return any(test(value, wanted) for value in present)
        case "":
            (value,) = present
            return test(value, wanted)
        case _:
            raise ValueError(f"the evaluator does not know {operator}")


def _operator(name: str) -> Callable[[str, Values], bool]:
    match name:
        case "StringEquals":
            return lambda value, wanted: value in wanted
        case "StringNotEquals":
            return lambda value, wanted: value not in wanted
        case "StringLike":
            return lambda value, wanted: any(_like(pattern, value) for pattern in wanted)
        case "ArnLike" | "ArnEquals":
            return lambda value, wanted: any(_like_arn(pattern, value) for pattern in wanted)
        case "ArnNotLike" | "ArnNotEquals":
            return lambda value, wanted: not any(_like_arn(pattern, value) for pattern in wanted)
        case "Bool":
            return lambda value, wanted: value.lower() in tuple(each.lower() for each in wanted)
        case _:
            raise ValueError(f"the evaluator does not know {name}")


def _like(pattern: str, value: str) -> bool:
    """`*` stands for any number of characters, `?` for one."""
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile("".join(parts), re.DOTALL)


def _like_arn(pattern: str, value: str) -> bool:
    """Compare ARNs part by part: no wildcard of the first five parts reaches over a colon."""
    if pattern == "*":
        return True
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) and all(map(_like, patterns, values))
