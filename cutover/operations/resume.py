"""Resume, abort and work: continue or roll back an execution whose driver has stopped."""

from collections.abc import Callable
from dataclasses import replace

from cutover.config.settings import settings_hash, with_settings, with_settings_on_the_way_back
from cutover.domain import Execution, Phase, Request, RequestKind, Status
from cutover.domain.errors import Refused
from cutover.execution.handlers.registry import handler_of
from cutover.execution.recorder import Recorder
from cutover.operations.environments import known_environment
from cutover.operations.leasing import POLL_SECONDS, LeaseWatch, acquire, leased, take_over
from cutover.operations.request import put_request
from cutover.operations.start import carry_out
from cutover.ports import Lease, Ports

_END_DEADLINE_SECONDS = 3600.0


def resume(ports: Ports, execution_id: str | None = None) -> Execution:
    """Continue the newest execution from its record; waits until the lease of a driver that died has expired.

    Raises:
        Refused: there is no such execution, it is finished or not the newest, its record is corrupt, or a driver is
            running it.
    """
    _resumable(ports, execution_id)
    return _continue(ports, acquire(ports), execution_id, "resumed")


def continue_pause(ports: Ports, kind: RequestKind, reason: str) -> tuple[Request, Execution | None]:
    """End a pause; the execution is None if a running driver continues it, else this driver has carried it out.

    Raises:
        Refused: no execution is in progress.
    """
    head = _in_progress(ports, kind)
    if kind in (RequestKind.ACCEPT_LIVE, RequestKind.RESTORE) and head.phase not in (Phase.PAUSED, Phase.INTERRUPTED):
        message = f"{head.execution_id} does not wait for a decision about its weights (phase {head.phase.value})"
        raise Refused("NOTHING_TO_DECIDE", message, "cutover status --watch")
    request = put_request(ports, head, kind, reason)
    return request, _take_if_dead(ports, head, request, "resumed")


def abort(ports: Ports, reason: str = "") -> Execution:
    """Request the abort; if no driver is running, take the execution over and roll it back.

    Returns the execution as it is: still in progress if its driver is running and rolls it back.

    Raises:
        Refused: no execution is in progress.
    """
    head = _in_progress(ports, RequestKind.ABORT)
    request = put_request(ports, head, RequestKind.ABORT, reason)
    return _take_if_dead(ports, head, request, "resumed to roll back") or _read(ports, head)


def abort_by_take_over(ports: Ports, reason: str) -> Execution:
    """Request the abort, take the lease at once whoever has it, and roll back. The former driver writes nothing more.

    Raises:
        Refused: no execution is in progress.
    """
    head = _in_progress(ports, RequestKind.ABORT)
    put_request(ports, head, RequestKind.ABORT, reason)
    return _continue(ports, take_over(ports), head.execution_id, f"taken over ({reason})")


def abort_to_end(ports: Ports, head: Execution, reason: str) -> None:
    """Request the abort, and wait until the execution has ended; take it over if its driver dies.

    Raises:
        Refused: the execution did not end within an hour.
    """
    if not _request_unless_finished(ports, head, reason):
        return
    watch, clock = LeaseWatch(ports), ports.clock
    until = clock.monotonic() + _END_DEADLINE_SECONDS
    while clock.monotonic() < until:
        record = watch.look()
        is_free = record is None or record.given_back
        if is_free and _read(ports, head).finished:
            return
        if is_free or watch.expired:
            try:
                lease = ports.ledger.take(ports.identifiers.holder(), record)
            except Refused:
                # Its driver lives after all, or another one has taken it over: either of them rolls it back.
                continue
            if _read(ports, head).finished:
                # Its driver was killed between the end and the return of its lease.
                ports.ledger.give_back(lease)
                return
            _continue(ports, lease, head.execution_id, "resumed")
            return
        clock.sleep(POLL_SECONDS)
    message = f"the execution {head.execution_id} did not end within {_END_DEADLINE_SECONDS:g} s after the abort"
    raise Refused("ABORT_PENDING", message, "cutover status --watch")


def _request_unless_finished(ports: Ports, head: Execution, reason: str) -> bool:
    try:
        put_request(ports, head, RequestKind.ABORT, reason)
    except Refused:
        if not _read(ports, head).finished:
            raise
        return False
    return True


def work(ports: Ports) -> Execution | None:
    """Carry out the newest execution if it is unfinished and no driver is running it; otherwise return None."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        return None
    return resume(ports, head.execution_id)


def _continue(ports: Ports, lease: Lease, execution_id: str | None, how: str) -> Execution:
    with leased(ports, lease) as held:
        head = _resumable(ports, execution_id)
        control = ports.ledger.control(head.execution_id)
        goes_back = head.rolling_back or control.abort is not None
        pinned = with_settings_on_the_way_back if goes_back else with_settings
        ports = replace(ports, config=pinned(ports.config, head.settings))
        environment = known_environment(ports)
        recorder = Recorder(ports, lease, head)
        recorder.control = control
        keep_step_time = recorder.step is not None and handler_of(recorder.step).counts_unwatched_time
        recorder.resumed(f"{how} by {lease.holder}", keep_step_time=keep_step_time)
        return carry_out(ports, held, recorder, environment)


def _resumable(ports: Ports, execution_id: str | None) -> Execution:
    head = ports.ledger.latest_execution()
    if head is None:
        raise Refused("NO_EXECUTION", "there is no execution yet", "cutover history")
    if execution_id is not None and execution_id != head.execution_id:
        message = f"{execution_id} is not the newest execution, which is {head.execution_id}"
        raise Refused(
            "NOT_NEWEST", f"{message}; the world has changed since, so it cannot be resumed", "cutover status"
        )
    if head.status in (Status.COMPLETED, Status.ROLLED_BACK):
        message = f"the execution {head.execution_id} is {head.status}, so there is nothing to resume"
        raise Refused("FINISHED", message, "cutover status")
    if head.plan.hash != head.plan_hash:
        message = f"the recorded plan of {head.execution_id} was changed: its hash is not the recorded hash"
        raise Refused("CORRUPT", message, f"cutover show {head.execution_id}")
    if settings_hash(head.settings) != head.settings_hash:
        message = f"the recorded settings of {head.execution_id} were changed: their hash is not the recorded hash"
        raise Refused("CORRUPT", message, f"cutover show {head.execution_id}")
    return head


def _in_progress(ports: Ports, kind: RequestKind) -> Execution:
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused(f"NOTHING_TO_{kind.name}", "no execution is in progress", "cutover status")
    return head


def _take_if_dead(ports: Ports, head: Execution, request: Request, how: str) -> Execution | None:
    """Carry the execution out if its driver is dead; None if the driver has read the request."""
    try:
        lease = acquire(ports, _has_read(ports, head, request))
    except Refused as refused:
        if refused.code != "LEASE_HELD":
            raise
        return None
    if _read(ports, head).finished:
        # Its driver ended it and gave the lease back in the meantime.
        ports.ledger.give_back(lease)
        return _read(ports, head)
    return _continue(ports, lease, head.execution_id, how)


def _has_read(ports: Ports, head: Execution, request: Request) -> Callable[[], bool]:
    # A driver that read the same request of somebody else before may have died since.
    is_new = request.version > head.control_version

    def has_read() -> bool:
        now = _read(ports, head)
        return now.finished or (is_new and now.control_version >= request.version)

    return has_read


def _read(ports: Ports, head: Execution) -> Execution:
    return ports.ledger.execution(head.execution_id) or head
