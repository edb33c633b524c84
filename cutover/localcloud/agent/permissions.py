"""What the execution role of a task may do: an evaluation of its policies, without conditions and boundaries.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends

from cutover.localcloud.iam_propagation import role_name

HasEffect = Callable[[str, str], bool]
"""Role name, policy name or ARN → whether the policy has an effect yet."""


def at_once(role: str, policy: str) -> bool:
    """Give every policy an effect without a lag."""
    del role, policy
    return True


class Permissions:
    """Evaluates the policies of roles that moto stores."""

    def __init__(self, account: str, has_effect: HasEffect) -> None:
        self._account, self._has_effect = account, has_effect

    def allows(self, role_arn: str | None, action: str, resource: str) -> bool:
        """Return whether the role may do `action` on `resource`. A role that moto does not know may do everything."""
        role = None if role_arn is None else self._role(role_arn)
        if role is None:
            return True
        matching = [
            statement
            for document in self._documents(role)
            for statement in _as_list(json.loads(document)["Statement"])
            if _matches(statement, action, resource)
        ]
        return bool(matching) and all(statement["Effect"] == "Allow" for statement in matching)

    def _role(self, arn: str) -> Any:
        roles = iam_backends[self._account]["aws"].roles.values()
        return next((role for role in list(roles) if role.arn == arn), None)

    def _documents(self, role: Any) -> Iterator[str]:
        name = role_name(role.arn)
        yield from (text for policy, text in list(role.policies.items()) if self._has_effect(name, policy))
        for arn, policy in list(role.managed_policies.items()):
            if self._has_effect(name, arn):
                yield policy.document


def _matches(statement: dict[str, Any], action: str, resource: str) -> bool:
    actions = [pattern.lower() for pattern in _as_list(statement.get("Action", []))]
    return any(fnmatchcase(action.lower(), pattern) for pattern in actions) and any(
        fnmatchcase(resource, pattern) for pattern in _as_list(statement.get("Resource", []))
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
