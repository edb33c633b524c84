"""Whose stack it is: the exported state must name this application and this account.

A backend knows a stack by its project and its name only, so two applications or accounts can meet in one stack.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pulumi.automation import Deployment

from cutover.adapters.stacks import state
from cutover.config import EnvironmentConfig
from cutover.domain.errors import Refused

_PROVIDER = "pulumi:providers:aws"
_ACCOUNT = re.compile(r"^arn:[^:]+:[^:]+:[^:]*:(\d{12}):")
_TABLES = ("deployments_table", "executions_table", "artifact_bucket")


def refuse_foreign(project: str, stack: str, exported: Deployment, config: EnvironmentConfig) -> None:
    """Raise `Refused` if the stack is of another application, environment or account.

    The stack of an application's repositories names no environment.
    """
    tags, account = _tags(exported), _account(exported)
    application, environment = tags.get("cutover:application"), tags.get("cutover:environment", config.environment)
    if tags and (application, environment) != (config.application, config.environment):
        theirs = f"the application {application or '?'} in {environment}"
        raise _foreign(project, stack, theirs, f"{config.application} in {config.environment}")
    if account not in (None, config.provider.account_id):
        raise _foreign(project, stack, f"account {account}", f"account {config.provider.account_id}")


def refuse_foreign_platform(stack: str, exported: Deployment, config: EnvironmentConfig) -> None:
    """Raise `Refused` if the platform stack is not cutover's, is of another account, or has other tables."""
    tags, account = _tags(exported), _account(exported)
    if tags and tags.get("cutover:stack") != "platform":
        raise _foreign("cutover-platform", stack, "another program", "cutover")
    if account not in (None, config.provider.account_id):
        raise _foreign("cutover-platform", stack, f"account {account}", f"account {config.provider.account_id}")
    outputs = state.outputs(exported)
    for name in _TABLES:
        wanted = getattr(config.records, name)
        if outputs.get(name, wanted) != wanted:
            message = (
                f"the platform stack {stack} has {name} {outputs[name]}, but records.{name} is {wanted}: all "
                "applications of an account and Region share them"
            )
            raise Refused("FOREIGN_PLATFORM", message, "cutover doctor")


def _foreign(project: str, stack: str, theirs: str, ours: str) -> Refused:
    message = (
        f"the stack {stack} of the Pulumi project {project} belongs to {theirs}, not to {ours}; nothing was changed. "
        "Give each application a folder with a Pulumi.yaml that has a name of its own"
    )
    return Refused("FOREIGN_STACK", message, "cutover state check")


def _tags(exported: Deployment) -> Mapping[str, str]:
    """The default tags of the stack's AWS provider; empty before the provider is in the state."""
    provider = state.resource_of(exported, _PROVIDER)
    tags = _document((provider or {}).get("inputs", {}).get("defaultTags"))
    return _document(tags.get("tags"))


def _account(exported: Deployment) -> str | None:
    """The account in the ARNs of the stack's resources; None while no resource has one."""
    accounts = {match[1] for each in state.ids(exported) if (match := _ACCOUNT.match(each))}
    return next(iter(accounts), None) if len(accounts) < 2 else ", ".join(sorted(accounts))


def _document(value: object) -> dict[str, Any]:
    """A nested input of a provider, which the engine keeps as JSON text."""
    if isinstance(value, str):
        value = json.loads(value)
    return value if isinstance(value, dict) else {}
