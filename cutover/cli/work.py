"""`cutover work`: carry out recorded deployments (`deploy --detach`), and executions whose driver has stopped."""

import logging

from cutover.cli.common import exit_code, finish, open_ports
from cutover.cli.context import Context
from cutover.domain import Execution
from cutover.domain.errors import LeaseLost, Refused, TransientFailure
from cutover.operations import work
from cutover.ports import Ports

_POLL_SECONDS = 1.0
_TAKEN_FIRST = frozenset({"LEASE_HELD", "FINISHED", "NOT_NEWEST"})
_log = logging.getLogger("cutover.work")


def run(context: Context) -> int:
    """Carry out one execution after the other until a signal stops the worker (exit code 130)."""
    with open_ports(context) as ports:
        while True:
            execution = _take(ports)
            if execution is None:
                ports.clock.sleep(_POLL_SECONDS)
            else:
                finish(context, execution)


def once(context: Context) -> int:
    """Carry out the execution that waits now. The exit codes are those of `deploy`; 0 if no execution waits."""
    with open_ports(context) as ports:
        execution = _take(ports)
    return exit_code(None) if execution is None else finish(context, execution)


def _take(ports: Ports) -> Execution | None:
    try:
        return work(ports)
    except Refused as refused:
        if refused.code not in _TAKEN_FIRST:
            raise
        # Another driver took it first.
        return None
    except (TransientFailure, LeaseLost) as error:
        _log.warning("the execution was not carried out: %s", error.message)
        return None
