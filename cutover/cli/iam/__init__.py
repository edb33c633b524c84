"""The options of `cutover iam policy`. This file imports only typer, so that `cutover --help` is fast."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer


def iam_verbs() -> typer.Typer:
    """The verbs below `cutover iam`."""
    iam = typer.Typer(help="Print the permissions of the roles that run cutover.", no_args_is_help=True)
    # With a callback, typer keeps the name of the only verb.
    iam.callback()(lambda: None)
    iam.command("policy")(iam_policy)
    return iam


def iam_policy(
    context: typer.Context,
    role: Annotated[
        Literal["bootstrap", "deploy", "preview", "operate", "worker", "records"],
        typer.Option("--for", help="The role: what its owner runs; or `records`, the role of another account."),
    ],
    *,
    boundary: Annotated[
        bool, typer.Option("--boundary", help="Also the permissions boundary of the releases' roles.")
    ] = False,
    github: Annotated[
        str | None, typer.Option(metavar="ORG/REPO", help="Trust the workflows of this repository.")
    ] = None,
    output: Annotated[
        Literal["json", "pulumi"], typer.Option("--as", help="Policy documents, or a Pulumi program.")
    ] = "json",
    to: Annotated[Path | None, typer.Option(file_okay=False, help="Folder for the files; default: print.")] = None,
) -> int:
    """Print the least permissions of a role."""
    from cutover.cli.iam import policy as verb

    if github is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", github):
        raise typer.BadParameter("--github needs ORG/REPO")
    show = verb.program if output == "pulumi" else verb.policy
    return show(context.obj, role, boundary=boundary, github=github, to=to)
