"""The command line: `cutover [-e ENV] [--json] VERB`. Each verb has its own file and imports only what it needs."""

import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cutover.cli import verbs
from cutover.cli.iam import iam_verbs
from cutover.domain.errors import CutoverError, Exit

# Loading boto3 and pydantic allocates a lot and frees nothing: a tenth of a short verb's time was garbage collection.
gc.set_threshold(50_000)

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
app.add_typer(iam_verbs(), name="iam")


@app.callback()
def front(
    context: typer.Context,
    environment: Annotated[
        str | None, typer.Option("-e", "--environment", help="Environment; reads Pulumi.ENV.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines of events and, last, the status.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
    project: Annotated[
        Path | None,
        typer.Option("-C", "--project", metavar="DIR", help="Folder that contains Pulumi.yaml.", file_okay=False),
    ] = None,
) -> None:
    """Immutable deployments of containerised services on AWS."""
    from cutover.cli.context import Context
    from cutover.cli.formatting import FOLDER

    del debug  # `main` reads it
    FOLDER.set(project)
    context.obj = Context(environment=environment, json=as_json, project=project or Path())


def main() -> NoReturn:
    """Run a verb, and exit with its code, ten seconds later at most: see `composition.end_process_soon`."""
    code = run()
    if code == Exit.INTERRUPTED:
        # The process ends already. At its end Python gives signals their default action, which changes the exit code.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
    if threading.active_count() > 1:
        from cutover.composition import end_process_soon

        end_process_soon(code)
    sys.exit(code)


def run() -> int:
    """Run a verb; return its exit code. On an error, print its message and the next command."""
    try:
        code = app(options_first(sys.argv[1:]), standalone_mode=False)
        sys.stdout.flush()
    except CutoverError as error:
        _print_error(error.code, error.message, complete_hint(error.hint, sys.argv[1:]))
        return error.exit
    except typer.Exit as leave:
        return leave.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe, as in `cutover history | head`; without dup2 Python would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.UNEXPECTED
    except Exception as error:  # noqa: BLE001  the last boundary: prints a sentence, writes the traceback to a file
        return _end_by(error)
    return code if isinstance(code, int) else Exit.OK


def options_first(arguments: list[str]) -> list[str]:
    """Move `--json` and `--debug` to the front, so that they may also follow the verb."""
    given = [option for option in ("--json", "--debug") if option in arguments]
    return [*given, *(argument for argument in arguments if argument not in given)]


def complete_hint(hint: str, arguments: list[str]) -> str:
    """Add this command's `-e ENV` to the hint of an error."""
    environment = _environment_of(arguments)
    if environment is None:
        return hint
    from cutover.cli.formatting import with_environment

    return with_environment(hint, environment)


def _environment_of(arguments: list[str]) -> str | None:
    """The value of `-e ENV`, `-eENV`, `--environment ENV` or `--environment=ENV`; typer may not have parsed it yet."""
    for argument, following in zip(arguments, [*arguments[1:], None], strict=True):
        if argument in ("-e", "--environment"):
            return following
        if argument.startswith("--environment="):
            return argument.partition("=")[2]
        if argument.startswith("-e"):
            return argument.removeprefix("-e")
    return None


def _end_by(error: Exception) -> Exit:
    """Print an error of the command line itself or an unexpected error; return the exit code."""
    # A usage error: typer contains click's class under a private name.
    if hasattr(error, "format_message"):
        _print_error("USAGE", str(error.format_message()), "cutover --help")
        return Exit.INVALID
    from cutover.cli import crash

    _print_error("UNEXPECTED", crash.report(error, debug="--debug" in sys.argv[1:]), "")
    return Exit.UNEXPECTED


def _print_error(code: str, message: str, hint: str) -> None:
    """Print an error to stderr for people and, with --json, as the last line of stdout for machines."""
    print(f"✖ {message}", file=sys.stderr)
    if hint:
        print(f"  next: {hint}", file=sys.stderr)
    if "--json" in sys.argv[1:]:
        print(json.dumps({"error": {"code": code, "message": message, "hint": hint or None}}), flush=True)


if __name__ == "__main__":
    main()
