"""Errors for people and pipelines: each has a code, a message, a command to type next, and an exit code."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line. Pipelines rely on these numbers."""

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
    """An expected error.

    `code` is for machines and `message` is a sentence for people. `hint` is empty or a command that can be typed as it
    is. It is written without `-e ENV`, which the command line adds.
    """

    exit = Exit.UNEXPECTED

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class InvalidInput(CutoverError):
    """The input or the configuration is not valid. Nothing was changed."""

    exit = Exit.INVALID


class Refused(CutoverError):
    """The recorded state does not allow the request: another execution runs, or a version is already in use."""

    exit = Exit.REFUSED


class PreflightFailed(CutoverError):
    """A precondition is not met, and nothing has been changed."""

    exit = Exit.PREFLIGHT


class LeaseLost(CutoverError):
    """Another driver has the lease, or may have it because this driver did not renew it. It must not write again."""

    exit = Exit.REFUSED


class StepFailed(CutoverError):
    """A step cannot succeed. The execution rolls back."""


class TransientFailure(CutoverError):
    """AWS still throttled or timed out after all retries. The step can be tried again."""


class RequestsChanged(CutoverError):
    """A person made a request since the driver last read them. The driver reads them, then writes again."""


class WorldChanged(CutoverError):
    """A person paused, or the live weights changed, since the driver last checked. It responds before it acts."""


class HeadMoved(CutoverError):
    """An earlier write of this driver was applied although its answer was lost. The driver reads the head again."""


class NeedsOperator(CutoverError):
    """The driver cannot write the weights or not record them. The message has the AWS command, if one can help."""

    exit = Exit.NEEDS_OPERATOR


class Paused(CutoverError):
    """The execution waits for a person, and the driver exits instead of waiting (`--exit-on-pause`)."""

    exit = Exit.PAUSED


class Interrupted(CutoverError):
    """A signal stopped the driver. `cutover resume` continues the execution."""

    exit = Exit.INTERRUPTED
