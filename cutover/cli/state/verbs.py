"""The options of `cutover state check`, `repair` and `env`. This file imports only typer, as cli/verbs.py."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verbs of `cutover state`."""
    state = typer.Typer(help="See and repair the state of Pulumi's stacks.", no_args_is_help=True)
    for verb in (check, repair, env):
        state.command()(verb)
    app.add_typer(state, name="state")


def check(context: typer.Context) -> int:
    """List where Pulumi's stacks, the records and AWS disagree, each with the command that repairs it."""
    from cutover.cli.state import check as verb

    return verb.run(context.obj)


def repair(
    context: typer.Context,
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Numbers of `cutover state check`; default: all.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Run the commands without asking.")] = False,
) -> int:
    """Ask for each disagreement of `cutover state check` whether to run its command, and run it."""
    from cutover.cli.state import repair as verb

    return verb.run(context.obj, tuple(numbers or ()), yes=yes)


def env(context: typer.Context) -> int:
    """Print the variables with which `pulumi` sees the same state as cutover."""
    from cutover.cli.state import env as verb

    return verb.run(context.obj)
