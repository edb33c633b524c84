"""Serves moto as one WSGI application, and adds atomic records, AWS's validations, and faults on request."""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cutover.localcloud.backends import AwsError, Call, read_call, send_error
from cutover.localcloud.faults import Fault, FaultBook
from cutover.localcloud.partial_events import put_events_in_part
from cutover.localcloud.response_cache import Response, ResponseCache
from cutover.localcloud.validations import validate

Admin = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
Authorize = Callable[[Call, WSGIEnvironment], AwsError | None]
"""Called with each API request before its effect; an error is the answer. For tests of permissions."""
_SERIAL = frozenset({"dynamodb", "s3"})


def moto_app() -> WSGIApplication:
    """Return moto's own application, with every service of it."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return cast("WSGIApplication", DomainDispatcherApplication(create_backend_app))


@dataclass(frozen=True, slots=True)
class Behaviours:
    """What the weather does to calls: `refusals` can answer in place of moto, `observers` see what succeeded."""

    refusals: tuple[Callable[[Call], AwsError | None], ...] = ()
    observers: tuple[Callable[[Call], None], ...] = ()
    fault: Callable[[Call], Fault | None] = lambda call: None  # noqa: ARG005  the default has no faults

    def refuse(self, call: Call) -> AwsError | None:
        """Return the first error, or None."""
        return next((error for refuse in self.refusals if (error := refuse(call)) is not None), None)

    def observe(self, call: Call) -> None:
        """Send a call that took effect to all observers."""
        for observer in self.observers:
            observer(call)


def guarded(
    inner: WSGIApplication,
    faults: FaultBook,
    admin: Admin,
    behaviours: Behaviours | None = None,
    authorize: Authorize | None = None,
) -> WSGIApplication:
    """Put permissions, faults, behaviours, validations and the lock before `inner`.

    Sends paths below `/_cutover/` to `admin`.
    """
    weather = behaviours or Behaviours()
    lock = threading.RLock()
    responses = ResponseCache()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/_cutover/"):
            return admin(environ, start)
        call = read_call(environ)
        if authorize is not None and (denied := authorize(call, environ)) is not None:
            return send_error(call, denied, start)
        fault = faults.take(call) or weather.fault(call)
        if fault is not None and (faulty := _before_effect(fault, call, responses, start)) is not None:
            return faulty
        if fault is not None and fault.in_part:
            return put_events_in_part(inner, call, environ, start)
        if (error := validate(call) or weather.refuse(call)) is not None:
            return send_error(call, error, start)
        # moto's conditional writes are not atomic. The lock covers only the two services that store records: around
        # every service it would be held during an SQS long poll.
        with lock if call.service in _SERIAL else nullcontext():
            response = _forward(responses, inner, call, environ)
            if response is not None and response.status.startswith("2"):
                weather.observe(call)
        if fault is not None and fault.after_effect:
            # The server would wait for the next request on this connection; the client must see it close.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("The fault lost-answer closed the connection after the call took effect.")
        return send_error(call, _not_implemented(call), start) if response is None else response.send(start)

    return answer


def _before_effect(fault: Fault, call: Call, responses: ResponseCache, start: StartResponse) -> Iterable[bytes] | None:
    """Delay the call, and answer in its place if the fault says so."""
    time.sleep(fault.delay)
    if fault.stale and (stale := responses.last(call)) is not None:
        return stale.send(start)
    if fault.error is not None and not fault.after_effect:
        return send_error(call, fault.error, start)
    return None


def _forward(responses: ResponseCache, inner: WSGIApplication, call: Call, environ: WSGIEnvironment) -> Response | None:
    """Return moto's response, or None where moto has no such operation.

    moto answers an operation that it lacks with a page of HTML and status 500, and boto3 would retry that.
    """
    try:
        response = responses.forward(inner, call, environ)
    except NotImplementedError:
        return None
    html = any("html" in value for name, value in response.headers if name.lower() == "content-type")
    return None if html and response.status.startswith("500") else response


def _not_implemented(call: Call) -> AwsError:
    name = f"{call.service}:{call.action or call.path}"
    return AwsError("NotImplemented", f"The local cloud has no operation {name}, or the operation failed.", 501)
