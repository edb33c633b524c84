"""Run one operation of the engine, with its errors as cutover's errors."""

from collections.abc import Callable

from pulumi.automation.errors import CommandError, ConcurrentUpdateError

from cutover.adapters.stacks.failures import translate
from cutover.adapters.stacks.workspaces import LeanStack


def attempt(stack: LeanStack, operation: Callable[[], object]) -> None:
    """Run the operation. If a dead driver's engine left a lock on the stack, remove it and try again.

    Raises:
        StepFailed: Pulumi failed.
        PreflightFailed: the state cannot be used.
        TransientFailure: another process updates the stack, or AWS fails now.
    """
    try:
        operation()
    except ConcurrentUpdateError as refused:
        stack.locks.require_ours(stack.name, str(refused))
        stack.cancel()
        _once(stack, operation)
    except CommandError as error:
        raise translate(stack.name, str(error)) from error


def _once(stack: LeanStack, operation: Callable[[], object]) -> None:
    try:
        operation()
    except CommandError as error:
        raise translate(stack.name, str(error)) from error
