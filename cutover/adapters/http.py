"""The only HTTP client: sends one request to a server that is not an AWS API."""

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import urllib3
from urllib3 import exceptions

from cutover.domain.errors import StepFailed, TransientFailure

_READ_BYTES = 16 * 1024
_SHORTEST_SECRET = 8  # characters; to hide a shorter part of a URL would also hide ordinary words

# A caller that passes `verify_certificate=False` states its reason there.
urllib3.disable_warnings(exceptions.InsecureRequestWarning)
# Its debug log has the path and the query of every URL.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The status, and the body as text; `cut_off` says whether the body is longer than the limit of the request.

    `seconds` run from the connection, which is set up with TLS by then, to the last byte.
    """

    status: int
    text: str
    cut_off: bool = False
    seconds: float = 0.0


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout_seconds: float,
    limit_bytes: int = 1024 * 1024,
    verify_certificate: bool = True,
) -> HttpResponse:
    """Send one request on a new connection, and read at most `limit_bytes` of the body.

    `timeout_seconds` is for the whole request; with a body that stalls, the request can take up to twice as long.
    Redirects are not followed: they are responses like any other.

    Raises:
        StepFailed: the URL is not valid.
        TransientFailure: no connection (UNREACHABLE), no complete response in time, or another than HTTP (NO_ANSWER).
    """
    deadline = time.monotonic() + timeout_seconds
    connected: list[float] = []
    origin = origin_of(url)
    try:
        with urllib3.PoolManager(num_pools=1, ssl_context=_tls(origin, verify=verify_certificate)) as pool:
            _note_connections(pool.connection_from_url(url), connected)
            response = pool.request(
                method,
                url,
                body=body,
                headers={"User-Agent": "cutover", "Connection": "close", **(headers or {})},
                timeout=urllib3.Timeout(total=timeout_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            content = _read(response, limit_bytes + 1, deadline)
    except (exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
        message = f"{origin} does not answer: {without_url(_reason(error, timeout_seconds), url)}"
        # Texts of urllib3's errors quote the URL, so the error must not be in a traceback.
        raise TransientFailure("NO_ANSWER" if connected else "UNREACHABLE", message) from None
    seconds = time.monotonic() - connected[-1]
    text = content[:limit_bytes].decode(errors="replace")
    return HttpResponse(response.status, text, cut_off=len(content) > limit_bytes, seconds=seconds)


def origin_of(url: str) -> str:
    """`SCHEME://HOST:PORT`, for messages, because other parts of a URL can hold a password; raises `StepFailed`."""
    try:
        parts = urllib3.util.parse_url(url)
        urlsplit(url)
    except (exceptions.HTTPError, ValueError):
        scheme = next((each for each in ("http", "https") if url.startswith(f"{each}://")), "")
        # The text of the error quotes the URL.
        raise StepFailed("URL_INVALID", f"a URL of the configuration, {scheme}://…, is not valid") from None
    return f"{parts.scheme}://{parts.netloc}"


def without_url(text: str, url: str) -> str:
    """`text` without `url` and without each part of it that can hold a secret; `…` is in their places.

    The URL must be one that `origin_of` accepts.
    """
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    target = url.partition(parts.netloc)[2] if parts.netloc else url
    values = [value for _, value in parse_qsl(parts.query)]
    pieces = {target, parts.path, parts.query, parts.fragment, user, *user.split(":"), *parts.path.split("/"), *values}
    pieces |= {unquote(piece) for piece in pieces}
    text = text.replace(url, f"{parts.scheme}://{host}/…")
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, "…") if len(piece) >= _SHORTEST_SECRET else text
    return text


def _tls(origin: str, *, verify: bool) -> ssl.SSLContext | None:
    if not origin.startswith("https:"):
        return None
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _note_connections(pool: urllib3.HTTPConnectionPool, connected: list[float]) -> None:
    """Append the monotonic time at which a new connection of the pool is set up."""
    create: Callable[..., Any] = pool.ConnectionCls

    def create_noting(*arguments: Any, **options: Any) -> Any:
        connection = create(*arguments, **options)
        connect = connection.connect

        def connect_and_note() -> None:
            connect()
            connected.append(time.monotonic())

        connection.connect = connect_and_note
        return connection

    pool.ConnectionCls = create_noting  # type: ignore[assignment]


def _read(response: urllib3.BaseHTTPResponse, limit_bytes: int, deadline: float) -> bytes:
    content = b""
    try:
        # The time-out of a socket starts again with every byte that arrives; the deadline does not.
        while len(content) < limit_bytes and (part := response.read1(min(_READ_BYTES, limit_bytes - len(content)))):
            content += part
            if time.monotonic() > deadline:
                raise TimeoutError
    finally:
        response.close()
    return content


def _reason(error: Exception, timeout_seconds: float) -> str:
    match error:
        case exceptions.NameResolutionError():
            return "its host name does not resolve"
        case exceptions.NewConnectionError():
            return f"cannot connect: {error.__cause__ or error}"
        case exceptions.TimeoutError() | TimeoutError():
            return f"no complete response within {timeout_seconds:g} s"
        case _:
            return f"{type(error).__name__}: {error}"
