"""A Pulumi program that creates one role with its policies, for the team that owns the account's roles."""

import json
import pprint
from collections.abc import Sequence

from cutover.permissions.documents import Document

_PROGRAM = '''"""Written by `cutover iam policy --as pulumi`. Run it with credentials that may create roles."""

import pulumi

from cutover.components import DeployerRole, DeployerRoleArgs

DOCUMENTS = {documents}

TRUST = {trust}

BOUNDARY = {boundary}

role = DeployerRole(
    {name},
    DeployerRoleArgs(documents=DOCUMENTS, trust=TRUST, boundary=BOUNDARY),
)
pulumi.export("role_arn", role.role_arn)
pulumi.export("boundary_arn", role.boundary_arn)
'''


def pulumi_program(name: str, documents: Sequence[Document], trust: Document, boundary: Document | None) -> str:
    """The text of `__main__.py`; `name` becomes the role's name, and the beginning of the names of its policies."""
    return _PROGRAM.format(
        name=json.dumps(name),
        documents=_python(list(documents)),
        trust=_python(trust),
        boundary=_python(boundary),
    )


def _python(value: object) -> str:
    return pprint.pformat(value, width=110, sort_dicts=False)
