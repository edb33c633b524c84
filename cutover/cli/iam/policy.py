"""`cutover iam policy`: print the least permissions of a role that runs cutover, as IAM policy documents."""

import json
from pathlib import Path
from typing import Literal

from cutover.cli.context import Context
from cutover.config import EnvironmentConfig
from cutover.permissions import Role, account_trust, boundary_document, documents_of, github_trust
from cutover.permissions.program import pulumi_program

Format = Literal["json", "pulumi"]


def policy(context: Context, role: Role, *, boundary: bool, github: str | None, to: Path | None) -> int:
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


def program(context: Context, role: Role, *, boundary: bool, github: str | None, to: Path | None) -> int:
    """Print a Pulumi program that creates the role with its policies, or write it to `to`/__main__.py."""
    config = context.config()
    text = pulumi_program(
        f"{config.application}-{config.environment}-{role}",
        documents_of(config, role),
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


def _documents(config: EnvironmentConfig, role: Role, *, boundary: bool, github: str | None) -> dict[str, object]:
    """Name → document: `ROLE-1`, `ROLE-2`, …, `trust` and, if requested, `boundary`."""
    files: dict[str, object] = {f"{role}-{n}": each for n, each in enumerate(documents_of(config, role), start=1)}
    files["trust"] = github_trust(config, github) if github else account_trust(config)
    if boundary:
        files["boundary"] = boundary_document(config)
    return files
