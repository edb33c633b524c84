"""Splits metric math and alarm rules into tokens, and hands a parser one after the other."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from cutover.localcloud.metrics.errors import CloudWatchError, invalid

_TEXT = r"\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'"
_NUMBER = r"(?P<number>\d+\.?\d*|\.\d+)"
_SYMBOL = r"(?P<symbol>==|!=|<=|>=|&&|\|\||[-+*/^()\[\],<>])"


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    NUMBER = auto()
    TEXT = auto()
    SYMBOL = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token; a text is without its quotation marks."""

    kind: Kind
    text: str


class Tokens:
    """A cursor over the tokens of `source`.

    `name` is the pattern of a name in this language, and `what` describes the source in error messages. Raises
    CloudWatchError (ValidationError) for a character that begins no token.
    """

    def __init__(self, source: str, *, name: str, what: str) -> None:
        self._what = what
        self._tokens = self._split(source, re.compile(rf"\s*(?:{_TEXT}|(?P<name>{name})|{_NUMBER}|{_SYMBOL})"))
        self._position = 0

    def all(self) -> list[Token]:
        """Every token, whatever the cursor's position."""
        return list(self._tokens)

    def peek(self) -> Token | None:
        """The next token, or None at the end."""
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def next(self) -> Token:
        """Return the next token and move past it. Raises CloudWatchError at the end."""
        token = self.peek()
        if token is None:
            raise self.error("it ends too early")
        self._position += 1
        return token

    def next_is(self, *texts: str) -> bool:
        """Whether the next token is a name or a symbol with one of these texts."""
        token = self.peek()
        return token is not None and token.kind in {Kind.NAME, Kind.SYMBOL} and token.text in texts

    def skip(self, *texts: str) -> bool:
        """Move past the next token if it is one of these; return whether it was."""
        matches = self.next_is(*texts)
        if matches:
            self._position += 1
        return matches

    def expect(self, text: str) -> None:
        """Move past this token. Raises CloudWatchError if another one comes next."""
        if not self.skip(text):
            token = self.peek()
            raise self.error(f"expected {text}, not {token.text if token else 'the end'}")

    def expect_end(self) -> None:
        """Raise CloudWatchError if a token is left."""
        if (token := self.peek()) is not None:
            raise self.error(f"unexpected {token.text}")

    def error(self, reason: str) -> CloudWatchError:
        """The ValidationError that names the source and the reason."""
        return invalid(f"{self._what}: {reason}")

    def _split(self, source: str, pattern: re.Pattern[str]) -> list[Token]:
        tokens: list[Token] = []
        position = 0
        while rest := source[position:].strip():
            match = pattern.match(source, position)
            if match is None:
                raise self.error(f"unexpected {rest[0]}")
            tokens.append(_token(match))
            position = match.end()
        return tokens


def _token(match: re.Match[str]) -> Token:
    for group, kind in (("name", Kind.NAME), ("number", Kind.NUMBER), ("symbol", Kind.SYMBOL)):
        if match[group] is not None:
            return Token(kind, match[group])
    return Token(Kind.TEXT, match["single"] if match["double"] is None else match["double"])
