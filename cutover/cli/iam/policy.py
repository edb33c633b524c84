"""`cutover iam policy`: print the least permissions of a role that runs cutover, as IAM policy documents."""

import json
from pathlib import Path
from typing import Literal, assert_never

from cutover.cli.context import Context
from cutover.config import EnvironmentConfig
from cutover.domain.errors import InvalidInput
from cutover.permissions import (
    Role,
    account_trust,
    boundary_document,
    documents_of,
    github_trust,
    records_documents,
)
from cutover.permissions.documents import Document
from cutover.permissions.program import pulumi_program

Format = Literal["json", "pulumi"]
For = Role | Literal["records"]


def policy(context: Context, role: For, *, boundary: bool, github: str | None, to: Path | None) -> int:
    """Print the documents by name, or write each into a file of the folder `to`; calls nothing of AWS."""
    files = _documents(context.config(), role, boundary=boundary, github=github)
    if to is None:
        print(json.dumps(files, indent=None if context.json else 2))
        return 0
    to.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in files.items():
        paths.append(to / f"{name}.json")
        paths[-1].write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if context.json:
        print(json.dumps({"files": [str(path) for path in paths]}))
    else:
        for path in paths:
            print(f"✔ wrote {path}")
    return 0


def program(context: Context, role: For, *, boundary: bool, github: str | None, to: Path | None) -> int:
    """Print a Pulumi program that creates the role with its policies, or write it to `to`/__main__.py."""
    config = context.config()
    text = pulumi_program(
        f"{config.application}-{config.environment}-{role}",
        _policies(config, role),
        github_trust(config, github) if github else account_trust(config),
        boundary_document(config) if boundary else None,
    )
    if to is None:
        print(text, end="")
        return 0
    to.mkdir(parents=True, exist_ok=True)
    path = to / "__main__.py"
    path.write_text(text, encoding="utf-8")
    print(json.dumps({"files": [str(path)]}) if context.json else f"✔ wrote {path}")
    return 0


def _policies(config: EnvironmentConfig, role: For) -> tuple[Document, ...]:
    """The documents of the role; raises `InvalidInput` for `records` where the file names no other account."""
    match role:
        case "records":
            if config.records.account is None:
                message = "the records are in the environment's account, so they need no role of their own"
                raise InvalidInput("NO_RECORDS_ACCOUNT", message, "cutover doctor")
            return records_documents(config)
        case "bootstrap" | "deploy" | "preview" | "operate" | "worker":
            return documents_of(config, role)
        case _:
            assert_never(role)


def _documents(config: EnvironmentConfig, role: For, *, boundary: bool, github: str | None) -> dict[str, object]:
    """Name → document: `ROLE-1`, `ROLE-2`, …, `trust` and, if requested, `boundary`."""
    files: dict[str, object] = {f"{role}-{n}": each for n, each in enumerate(_policies(config, role), start=1)}
    files["trust"] = github_trust(config, github) if github else account_trust(config)
    if boundary:
        files["boundary"] = boundary_document(config)
    return files
