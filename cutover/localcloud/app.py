"""moto as one WSGI application inside our process: with atomic records, AWS's refusals and faults on demand."""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cutover.localcloud.backends import Call, Refusal, read_call, refuse
from cutover.localcloud.faults import FaultBook
from cutover.localcloud.response_cache import Response, ResponseCache
from cutover.localcloud.validations import refusal_of

Admin = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
_SERIAL = frozenset({"dynamodb", "s3"})


def moto_app() -> WSGIApplication:
    """moto's own application, every service of it."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return cast("WSGIApplication", DomainDispatcherApplication(create_backend_app))


def guarded(inner: WSGIApplication, faults: FaultBook, admin: Admin) -> WSGIApplication:
    """`inner` behind faults, refusals and the lock; paths below `/_cutover/` go to `admin`."""
    serial = threading.RLock()
    responses = ResponseCache()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/_cutover/"):
            return admin(environ, start)
        call = read_call(environ)
        fault = faults.strike(call)
        if fault is not None:
            time.sleep(fault.delay)
            if fault.stale and (stale := responses.last(call)) is not None:
                return stale.send(start)
            if fault.refusal is not None and not fault.after_effect:
                return refuse(call, fault.refusal, start)
        if (wrong := refusal_of(call)) is not None:
            return refuse(call, wrong, start)
        # moto's conditional writes are not atomic by themselves.  One lock round everything would be held for the
        # length of an SQS long poll, so only the two stores of records are serialised.
        with serial if call.service in _SERIAL else nullcontext():
            response = _forward(responses, inner, call, environ)
        if fault is not None and fault.after_effect:
            # The server would wait for the next request on this connection; the caller has to see it die.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("a fault was asked for: the effect is there, the answer is lost")
        return refuse(call, _unknown(call), start) if response is None else response.send(start)

    return answer


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


def _unknown(call: Call) -> Refusal:
    name = f"{call.service}:{call.action or call.path}"
    return Refusal("NotImplemented", f"the local cloud has no {name}, or failed in it", 501)
