"""A new IAM role cannot be passed at once, and a new policy has no effect at once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html ("changes that I make are not always immediately
visible"). The lags are `role_lag` and `policy_lag` of the weather.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from cutover.localcloud.backends import ACCOUNT, REGION, AwsError, Call
from cutover.localcloud.weather import Sky

_ROLE_FIELDS = ("executionRoleArn", "taskRoleArn")


class IamPropagation:
    """Remembers when roles were created and policies added; thread-safe. Roles are named without their path."""

    def __init__(self, sky: Sky, clock: Callable[[], float] = time.monotonic) -> None:
        self._sky, self._clock = sky, clock
        self._lock = threading.Lock()
        self._roles: dict[str, float] = {}
        self._policies: dict[tuple[str, str], float] = {}

    def refuse(self, call: Call) -> AwsError | None:
        """Refuse a task definition, or a service of one, whose roles are too new."""
        for arn in _passed_roles(call):
            age = self._clock() - self._roles.get(role_name(arn), float("-inf"))
            lag = self._sky.scaled(self._sky.weather.role_lag)
            if age < lag / 2:
                user = f"arn:aws:iam::{ACCOUNT}:user/test"
                message = f"User: {user} is not authorized to perform: iam:PassRole on resource: {arn}"
                return AwsError("AccessDeniedException", message)
            if age < lag:
                return AwsError("ClientException", "Role is not valid")
        return None

    def observe(self, call: Call) -> None:
        """Remember the creation of a role or the addition of a policy, after it took effect."""
        if call.service != "iam":
            return
        role = str(call.fields.get("RoleName", ""))
        policy = str(call.fields.get("PolicyName") or call.fields.get("PolicyArn") or "")
        with self._lock:
            match call.action:
                case "CreateRole":
                    self._roles[role] = self._clock()
                case "PutRolePolicy" | "AttachRolePolicy":
                    # A policy that replaces another one of the same name counts as known.
                    self._policies.setdefault((role, policy), self._clock())
                case "DeleteRolePolicy" | "DetachRolePolicy":
                    self._policies.pop((role, policy), None)
                case "DeleteRole":
                    self._roles.pop(role, None)
                case _:  # calls that neither create nor delete a role or one of its policies
                    return

    def has_effect(self, role: str, policy: str) -> bool:
        """Return whether a policy of a role, by its name or ARN, has an effect yet."""
        added = self._policies.get((role, policy), float("-inf"))
        return self._clock() - added >= self._sky.scaled(self._sky.weather.policy_lag)


def role_name(arn: str) -> str:
    """Return the name of a role, which is the last part of its ARN."""
    return arn.rsplit("/", 1)[-1]


def _passed_roles(call: Call) -> Iterator[str]:
    """The roles of the task definition that a call registers, or whose service it creates."""
    if call.service != "ecs":
        return
    if call.action == "RegisterTaskDefinition":
        yield from (str(call.fields[name]) for name in _ROLE_FIELDS if call.fields.get(name))
    elif call.action == "CreateService":
        definition = _definition(str(call.fields.get("taskDefinition", "")))
        # moto's task definition has the attribute of a role only if it has the role.
        arns = (getattr(definition, name, None) for name in ("execution_role_arn", "task_role_arn"))
        yield from (str(arn) for arn in arns if arn)


def _definition(name: str) -> Any:
    """The task definition that a service names by ARN, family:revision or family; None if moto does not know it."""
    from moto.ecs.exceptions import TaskDefinitionNotFoundException
    from moto.ecs.models import ecs_backends

    try:
        return ecs_backends[ACCOUNT][REGION].describe_task_definition(name)
    except (TaskDefinitionNotFoundException, ValueError):
        return None
