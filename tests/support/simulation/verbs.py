"""What people and pipelines type: each verb as a function of its ports."""

from collections.abc import Callable

from cutover import operations
from cutover.domain import RequestKind
from cutover.domain.errors import Refused
from cutover.ports import Ports


def _resume(ports: Ports) -> object:
    """As `cutover resume` does: end a pause, or continue an execution whose driver has stopped."""
    if operations.is_paused(ports):
        return operations.continue_pause(ports, RequestKind.RESUME, "")[1]
    return operations.resume(ports)


def _preview(ports: Ports) -> object:
    operations.prepare(ports)
    return operations.preview_rollback(ports, None)


def _supersede(ports: Ports) -> object:
    return operations.supersede(ports)


def _request(kind: RequestKind) -> Callable[[Ports], object]:
    return lambda ports: operations.request_action(ports, kind, "")


def _decide(kind: RequestKind) -> Callable[[Ports], object]:
    return lambda ports: operations.continue_pause(ports, kind, "")[1]


def _leave_drift(ports: Ports) -> object:
    """Answer a drift only if there is one to answer: `cutover resume --restore` is for a paused execution."""
    if not operations.is_paused(ports):
        raise Refused("NOT_PAUSED", "no execution is paused")
    return operations.continue_pause(ports, RequestKind.RESTORE, "")[1]


DEPLOYING: dict[str, Callable[[Ports], object]] = {
    "deploy": operations.deploy,
    "supersede": _supersede,
    "submit": operations.submit,
}
"""Verbs whose process has the configuration of a new version."""

OTHERS: dict[str, Callable[[Ports], object]] = {
    "resume": _resume,
    "work": operations.work,
    "abort": operations.abort,
    "take-over": lambda ports: operations.abort_by_take_over(ports, "the driver hangs"),
    "pause": _request(RequestKind.PAUSE),
    "promote": _request(RequestKind.PROMOTE),
    "promote-full": _request(RequestKind.PROMOTE_FULL),
    "accept-live": _decide(RequestKind.ACCEPT_LIVE),
    "restore": _leave_drift,
    "rollback": lambda ports: operations.rollback(ports, None),
    "rollback-to": lambda ports: operations.rollback(ports, ports.config.release.version),
    "retry": lambda ports: operations.retry(ports, None),
    "drill": operations.drill,
    "gc": operations.collect,
    "destroy": operations.destroy_releases,
    "preview": _preview,
}

VERBS = DEPLOYING | OTHERS
READ_ONLY = frozenset({"preview"})
