"""The hint of every error is a command that can be typed as it is; prose belongs to the message."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from cutover.cli.main import app
from cutover.domain import errors

PACKAGE = Path(__file__).resolve().parents[2] / "cutover"
ERRORS = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
PROGRAMS = {"aws", "cp", "make", "mkdir", "pip", "pulumi"}


def text_of(node: ast.expr) -> str | None:
    """The text of a literal, with NAME for each value of an f-string; None where the hint is computed."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "NAME" for part in parts)  # type: ignore[misc]
        case _:
            return None


def hints() -> Iterator[tuple[str, str]]:
    """The place of each error in the source, and its hint."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                given = [*node.args[2:3], *(keyword.value for keyword in node.keywords if keyword.arg == "hint")]
                text = text_of(given[0]) if given else None
                if text:
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", text


def verbs() -> set[str]:
    """`status`, `local up`, …: every command that `cutover` has."""
    root = typer.main.get_command(app)

    def names(group: object, prefix: str) -> Iterator[str]:
        for name, command in getattr(group, "commands", {}).items():
            yield f"{prefix}{name}"
            yield from names(command, f"{prefix}{name} ")

    return set(names(root, ""))


@pytest.mark.parametrize(("place", "hint"), list(hints()))
def test_a_hint_is_a_command(place: str, hint: str) -> None:
    program, *rest = hint.split()
    if program != "cutover":
        assert program in PROGRAMS, f"{place}: {hint}"
        return
    if rest[0] == "-e":
        # Only an error about a missing environment, or about another one, may name it; the command line adds the
        # environment to every other hint.
        names_one = place.startswith(("cli/context.py", "operations/destroy.py"))
        assert names_one or rest[1] == "local", f"{place}: {hint}"
        rest = rest[2:]
    assert {rest[0], " ".join(rest[:2]), " ".join(rest[:3])} & verbs(), f"{place}: {hint}"


def test_there_are_hints_to_check() -> None:
    assert len(list(hints())) > 30
