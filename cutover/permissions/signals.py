"""Permissions for what a deployment measures, calls and notifies: only what the file configures."""

from cutover.config.hooks import FunctionHook
from cutover.config.notifications import EventBus, SnsTopic
from cutover.permissions.documents import Statement
from cutover.permissions.names import Names


def read_metrics(names: Names) -> tuple[Statement, ...]:
    """Read CloudWatch's metrics, if a metric gate or the analysis does."""
    gates = names.config.gates
    presets = {gate.preset for gate in gates.metrics.values()} - {"prometheus"}
    if not presets and gates.analysis is None:
        return ()
    return (Statement("ReadMetrics", ("cloudwatch:GetMetricData",), ("*",), names.regional),)


def call_hooks(names: Names) -> tuple[Statement, ...]:
    """Invoke the functions of the hooks."""
    actions = [hook.action for hook in names.config.hooks.values()]
    functions = {_as_arn(names, "lambda", "function:", a.name) for a in actions if isinstance(a, FunctionHook)}
    return (Statement("CallHooks", ("lambda:InvokeFunction",), tuple(functions)),) if functions else ()


def notify(names: Names) -> tuple[Statement, ...]:
    """Publish to the topics and put events on the buses of the notifications."""
    receivers = [each.receiver for each in names.config.notifications]
    topics = {receiver.arn for receiver in receivers if isinstance(receiver, SnsTopic)}
    buses = {_as_arn(names, "events", "event-bus/", each.name) for each in receivers if isinstance(each, EventBus)}
    statements = [Statement("NotifyTopics", ("sns:Publish",), tuple(topics))] if topics else []
    if buses:
        statements.append(Statement("NotifyBuses", ("events:PutEvents",), tuple(buses)))
    return tuple(statements)


def _as_arn(names: Names, service: str, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else names.arn(service, f"{kind}{name}")
