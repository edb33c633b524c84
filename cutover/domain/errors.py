"""Errors that a person reads: each has a code, a sentence, the next command to type, and the exit code of its kind."""

from enum import IntEnum


class Exit(IntEnum):
    """What the command line returns; pipelines rely on these numbers."""

    OK = 0
    UNEXPECTED = 1
    INVALID = 2
    REFUSED = 3
    PREFLIGHT = 4
    ROLLED_BACK = 5
    NEEDS_OPERATOR = 6
    PAUSED = 7
    INTERRUPTED = 130


class CutoverError(Exception):
    """An error that cutover understands: `code` for machines, `message` for people, `hint` is the next command."""

    exit = Exit.UNEXPECTED

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class InvalidInput(CutoverError):
    """What a person wrote cannot be carried out; nothing was called."""

    exit = Exit.INVALID


class Refused(CutoverError):
    """The state of things forbids it: another execution at work, a version reused, an illegal transition."""

    exit = Exit.REFUSED


class PreflightFailed(CutoverError):
    """Something that must be there before the work begins is not."""

    exit = Exit.PREFLIGHT


class LeaseLost(CutoverError):
    """Another driver has taken over; this one must write nothing more."""

    exit = Exit.REFUSED


class NeedsOperator(CutoverError):
    """Neither forward nor back was possible; a person has to look."""

    exit = Exit.NEEDS_OPERATOR


class StepFailed(CutoverError):
    """A step cannot succeed; the execution goes to its rollback plan."""


class TransientFailure(CutoverError):
    """AWS throttled or timed out although it was retried; the same step may be tried again."""


class Paused(CutoverError):
    """The execution waits for a person, and this driver was told not to wait along."""

    exit = Exit.PAUSED


class Interrupted(CutoverError):
    """A person or a pipeline asked to stop; the execution can be resumed."""

    exit = Exit.INTERRUPTED
