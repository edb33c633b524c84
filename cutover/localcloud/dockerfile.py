"""Parses the instructions of a Dockerfile that the local cloud supports.

There is no container runtime: a base image adds nothing (the task runs on this machine's interpreter), and an
instruction that runs a command during the build is not supported. Each instruction has Docker's meaning:
https://docs.docker.com/reference/dockerfile/.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

BASES = ("scratch", "python")


class UnsupportedDockerfile(Exception):
    """The local cloud cannot build this Dockerfile; the message names the line."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One COPY: a path in the build directory, and an absolute path in the image."""

    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """The content of a Dockerfile."""

    copies: tuple[Copy, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    ports: tuple[str, ...] = ()
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def parse(text: str, build_args: Mapping[str, str]) -> Recipe:
    """Parse `text`, with `build_args` in place of the defaults of its ARGs.

    Raises `UnsupportedDockerfile` for an unsupported instruction, a command in shell form, or a build argument that no
    ARG declares.
    """
    reader = _Reader(build_args)
    for number, line in _logical_lines(text):
        try:
            reader.read(line)
        except UnsupportedDockerfile as error:
            raise UnsupportedDockerfile(f"line {number}: {error}") from None
    return reader.recipe()


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Return each instruction with the number of its first line, without comments, and with continued lines joined."""
    lines: list[tuple[int, str]] = []
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip() or raw.lstrip().startswith("#"):
            continue
        start = start if pending else number
        pending += raw.strip().removesuffix("\\")
        if not raw.rstrip().endswith("\\"):
            lines.append((start, pending))
            pending = ""
    return [*lines, (start, pending)] if pending else lines


class _Reader:
    """Collects instructions one by one."""

    def __init__(self, build_args: Mapping[str, str]) -> None:
        self._build_args = dict(build_args)
        self._variables: dict[str, str] = {}
        self._environment: dict[str, str] = {}
        self._copies: list[Copy] = []
        self._ports: list[str] = []
        self._user = ""
        self._entrypoint: tuple[str, ...] = ()
        self._command: tuple[str, ...] = ()

    def read(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word.upper():
            case "FROM":
                self._check_base(rest.strip())
            case "ARG":
                self._declare(rest.strip())
            case "COPY":
                self._copy(shlex.split(self._expand(rest)))
            case "ENV":
                self._set(shlex.split(self._expand(rest)))
            case "EXPOSE":
                self._ports += [port if "/" in port else f"{port}/tcp" for port in self._expand(rest).split()]
            case "USER":
                self._user = self._expand(rest.strip())
            case "ENTRYPOINT":
                self._entrypoint = _exec_form(word, rest)
            case "CMD":
                self._command = _exec_form(word, rest)
            case unknown:
                raise UnsupportedDockerfile(f"{unknown} is not supported by the local cloud")

    def recipe(self) -> Recipe:
        if unused := sorted(set(self._build_args) - set(self._variables)):
            raise UnsupportedDockerfile(f"no ARG declares the build argument {unused[0]}")
        return Recipe(
            copies=tuple(self._copies),
            environment=tuple(self._environment.items()),
            ports=tuple(self._ports),
            user=self._user,
            entrypoint=self._entrypoint,
            command=self._command,
        )

    def _check_base(self, image: str) -> None:
        if image.split(":", maxsplit=1)[0].split("@", maxsplit=1)[0] not in BASES:
            raise UnsupportedDockerfile(f"FROM {image}: the base must be one of {', '.join(BASES)}")

    def _declare(self, argument: str) -> None:
        name, _, default = argument.partition("=")
        self._variables[name] = self._build_args.get(name, default)

    def _copy(self, words: list[str]) -> None:
        if len(words) != 2 or words[0].startswith("--") or not words[1].startswith("/"):
            raise UnsupportedDockerfile("COPY takes one source and one absolute destination, without flags")
        self._copies.append(Copy(*words))

    def _set(self, words: list[str]) -> None:
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                raise UnsupportedDockerfile("ENV takes NAME=VALUE")
            self._environment[name] = value

    def _expand(self, text: str) -> str:
        values = self._variables | self._environment
        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda match: values.get(match[1] or match[2], ""), text)


def _exec_form(word: str, text: str) -> tuple[str, ...]:
    try:
        words = json.loads(text)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(part, str) for part in words):
        raise UnsupportedDockerfile(f'{word} takes the exec form, like {word} ["python3", "/app/server.py"]')
    return tuple(words)
