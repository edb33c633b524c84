"""Destroy a long-lived stack: take its protection away, destroy it, and remove it from the backend."""

from functools import partial

from cutover.adapters.stacks import state
from cutover.adapters.stacks.attempt import attempt
from cutover.adapters.stacks.workspaces import Program, Workspaces


def remove_stack(workspaces: Workspaces, name: str, unprotected: Program) -> None:
    """Destroy the stack `name` and remove it; do nothing when it does not exist.

    `unprotected` is its program without deletion protection. It runs first while anything in the state is protected, so
    that a repeat after a kill at any point continues.

    Raises:
        StepFailed: Pulumi failed.
        TransientFailure: another process updates the stack, or AWS fails now.
    """
    exported = workspaces.export(name)
    if exported is None:
        return
    stack = workspaces.open(name, unprotected, exists=True)
    refresh = state.has_changing(exported)
    if state.is_protected(exported):
        attempt(stack, partial(stack.up, refresh=refresh, color="never", suppress_progress=True))
        refresh = False
    attempt(stack, partial(stack.destroy, refresh=refresh, color="never", suppress_progress=True))
    workspaces.remove(name)
