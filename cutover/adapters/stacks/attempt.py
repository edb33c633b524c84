"""Run one operation of the engine, with its errors as cutover's errors."""

from collections.abc import Callable

from pulumi.automation import Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError

from cutover.adapters.stacks.failures import lock_is_stale, translate
from cutover.domain.errors import TransientFailure


def attempt(stack: Stack, operation: Callable[[], object]) -> None:
    """Run the operation. If a dead process of this machine left a lock on the stack, remove it and try again.

    Raises:
        StepFailed: Pulumi failed.
        TransientFailure: another process updates the stack, or AWS fails now.
    """
    try:
        operation()
    except ConcurrentUpdateError as locked:
        if not lock_is_stale(str(locked)):
            message = f"another process updates the stack {stack.name}"
            raise TransientFailure("STACK_LOCKED", message, f"pulumi stack -s {stack.name}") from locked
        stack.cancel()
        _once(stack, operation)
    except CommandError as error:
        raise translate(stack.name, str(error)) from error


def _once(stack: Stack, operation: Callable[[], object]) -> None:
    try:
        operation()
    except CommandError as error:
        raise translate(stack.name, str(error)) from error
