"""Statements of IAM policies, and their documents, which stay below IAM's limit for a managed policy."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LONGEST = 6144
"""Characters of a managed policy without white space (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""

Condition = Mapping[str, Mapping[str, str | tuple[str, ...]]]
Document = dict[str, object]
_VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Statement:
    """Allows `actions` on `resources`, under a condition. `sid` is unique in a role and has letters and digits only."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = field(default_factory=dict)

    def as_json(self) -> Document:
        """The statement as IAM writes it. Actions and resources are sorted, so that equal statements are equal text."""
        statement: Document = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": sorted(self.actions),
            "Resource": sorted(self.resources),
        }
        if self.condition:
            statement["Condition"] = {
                operator: {key: _value(value) for key, value in keys.items()}
                for operator, keys in self.condition.items()
            }
        return statement


def documents(statements: Iterable[Statement]) -> tuple[Document, ...]:
    """Fill as few documents as the order of the statements allows.

    Raises:
        ValueError: one statement alone is longer than a managed policy may be.
    """
    filled: list[list[Document]] = [[]]
    for statement in statements:
        if size(document([*filled[-1], statement.as_json()])) > LONGEST:
            filled.append([])
        filled[-1].append(statement.as_json())
        if size(document(filled[-1])) > LONGEST:
            raise ValueError(f"the statement {statement.sid} alone is longer than {LONGEST} characters")
    return tuple(document(part) for part in filled if part)


def document(statements: list[Document]) -> Document:
    """A document with these statements."""
    return {"Version": _VERSION, "Statement": statements}


def size(policy: Document) -> int:
    """Characters of a document without white space between its elements, as IAM counts them."""
    return len(json.dumps(policy, separators=(",", ":")))


def _value(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else sorted(value)
