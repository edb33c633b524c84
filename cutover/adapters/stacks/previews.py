"""Collect the resource changes of a preview from the engine's events."""

from pulumi.automation import EngineEvent

from cutover.ports import ResourceChange, StackDiff

_NOT_RESOURCES = ("pulumi:pulumi:Stack", "pulumi:providers:")


class Changes:
    """Collects the resource events of one preview; pass it to the Automation API as `on_event`."""

    def __init__(self) -> None:
        self._changes: list[ResourceChange] = []

    def __call__(self, event: EngineEvent) -> None:
        """Record one engine event; the Automation API calls this."""
        if event.resource_pre_event is None:
            return
        step = event.resource_pre_event.metadata
        if step.type.startswith(_NOT_RESOURCES):
            return
        causes = tuple(step.keys or ()) or tuple(sorted(step.detailed_diff or {})) or tuple(step.diffs or ())
        self._changes.append(
            ResourceChange(
                op=str(getattr(step.op, "value", step.op)),
                urn=step.urn,
                type=step.type,
                name=step.urn.rpartition("::")[2],
                causes=causes,
            )
        )

    def diff(self, stack: str, *, exists: bool) -> StackDiff:
        """The collected changes of the stack."""
        return StackDiff(stack=stack, exists=exists, changes=tuple(self._changes))
