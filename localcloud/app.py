"""moto as one WSGI application inside our process: with atomic records, AWS's refusals and faults on demand."""

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from localcloud.backends import Call, Refusal, read_call, refuse
from localcloud.faults import FaultBook
from localcloud.refusals import refusal_of

Admin = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
_SERIAL = frozenset({"dynamodb", "s3"})


def moto_app() -> WSGIApplication:
    """moto's own application, every service of it."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return cast("WSGIApplication", DomainDispatcherApplication(create_backend_app))


def guarded(inner: WSGIApplication, faults: FaultBook, admin: Admin) -> WSGIApplication:
    """`inner` behind faults, refusals and the lock; paths below `/_cutover/` go to `admin`."""
    serial = threading.RLock()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/_cutover/"):
            return admin(environ, start)
        call = read_call(environ)
        fault = faults.strike(call)
        if fault is not None and not fault.after_effect:
            return refuse(call, fault.refusal, start)
        if (wrong := refusal_of(call)) is not None:
            return refuse(call, wrong, start)
        # moto's conditional writes are not atomic by themselves.  One lock round everything would be held for the
        # length of an SQS long poll, so only the two stores of records are serialised.
        if call.service in _SERIAL:
            with serial:
                body: Iterable[bytes] = list(inner(environ, start))
        else:
            body = _unknown_told(inner, call, environ, start)
        if fault is not None:
            # The server would wait for the next request on this connection; the caller has to see it die.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("a fault was asked for: the effect is there, the answer is lost")
        return body

    return answer


def _unknown_told(
    inner: WSGIApplication, call: Call, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """The answer, or a refusal where moto has no such operation: boto3 would try its page of HTML with 500 again."""
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
        del rest
        told.append((status, headers))
        return lambda _: None

    try:
        body = list(inner(environ, note))
    except NotImplementedError:
        return refuse(call, _unknown(call), start)
    status, headers = told[-1]
    if status.startswith("500") and any("html" in value for name, value in headers if name.lower() == "content-type"):
        return refuse(call, _unknown(call), start)
    start(status, headers)
    return body


def _unknown(call: Call) -> Refusal:
    name = f"{call.service}:{call.action or call.path}"
    return Refusal("NotImplemented", f"the local cloud has no {name}, or failed in it", 501)
