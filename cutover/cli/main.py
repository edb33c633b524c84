"""The command line: `cutover [-e ENV] [--json] VERB`.  Each verb is a file of its own and loads what it needs."""

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cutover.cli import verbs
from cutover.domain.errors import CutoverError, Exit, InvalidInput

app = typer.Typer(
    name="cutover",
    help="Immutable deployments of containerised services on AWS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
verbs.register(app)


@app.callback()
def front(
    context: typer.Context,
    environment: Annotated[str | None, typer.Option("-e", "--environment", help="Pulumi.ENV.yaml is read.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines of events and, last, the status.")] = False,
    project: Annotated[Path, typer.Option(help="Folder of Pulumi.yaml.", file_okay=False)] = Path(),
) -> None:
    """Immutable deployments of containerised services on AWS."""
    from cutover.cli.context import Context

    context.obj = Context(environment=environment, json=as_json, project=project)


def main() -> NoReturn:
    """Run a verb; every error leaves with the exit code of its kind, its sentence and the next command."""
    try:
        code = app(json_first(sys.argv[1:]), standalone_mode=False)
    except CutoverError as error:
        _tell(error.code, error.message, complete_hint(error.hint, sys.argv[1:]))
        sys.exit(error.exit)
    except typer.Exit as leave:
        sys.exit(leave.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if not _is_usage_error(error):
            raise
        _tell("USAGE", str(error.format_message()), "cutover --help")  # type: ignore[attr-defined]  # click's own
        sys.exit(Exit.INVALID)
    sys.exit(code if isinstance(code, int) else Exit.OK)


def json_first(arguments: list[str]) -> list[str]:
    """`--json` may stand before or after the verb."""
    rest = [argument for argument in arguments if argument != "--json"]
    return ["--json", *rest] if len(rest) < len(arguments) else rest


def complete_hint(hint: str, arguments: list[str]) -> str:
    """The next command with the environment that this one was for, where the error could not know it."""
    flag = next((flag for flag in ("-e", "--environment") if flag in arguments[:-1]), None)
    if flag is None or not hint.startswith("cutover ") or " -e " in hint:
        return hint
    return hint.replace("cutover ", f"cutover -e {arguments[arguments.index(flag) + 1]} ", 1)


def _is_usage_error(error: Exception) -> bool:
    # click's classes, which typer carries within itself; InvalidInput is ours and has been handled.
    return hasattr(error, "format_message") and not isinstance(error, InvalidInput)


def _tell(code: str, message: str, hint: str) -> None:
    """For people on stderr; with --json the last line of stdout, too."""
    print(f"✖ {message}", file=sys.stderr)
    if hint:
        print(f"  next: {hint}", file=sys.stderr)
    if "--json" in sys.argv[1:]:
        print(json.dumps({"error": {"code": code, "message": message, "hint": hint or None}}), flush=True)


if __name__ == "__main__":
    main()
