"""The only HTTP client: sends one request to a server that is not an AWS API."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3
from urllib3 import exceptions

from cutover.domain.errors import StepFailed, TransientFailure

_READ_BYTES = 16 * 1024

# A caller that passes `verify_certificate=False` states its reason there.
urllib3.disable_warnings(exceptions.InsecureRequestWarning)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The status, and the body as text, cut off at the limit of the request."""

    status: int
    text: str


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
        TransientFailure: no connection, no complete response in time, or a response that is not HTTP.
    """
    deadline = time.monotonic() + timeout_seconds
    origin = origin_of(url)
    with urllib3.PoolManager(num_pools=1, ssl_context=_tls(origin, verify=verify_certificate)) as pool:
        try:
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
            content = _read(response, limit_bytes, deadline)
        except (exceptions.HTTPError, OSError) as error:
            message = f"{origin} does not answer: {_reason(error, timeout_seconds)}"
            raise TransientFailure("UNREACHABLE", message) from error
    return HttpResponse(response.status, content.decode(errors="replace"))


def origin_of(url: str) -> str:
    """`SCHEME://HOST:PORT`, for messages, because other parts of a URL can hold a password; raises `StepFailed`."""
    try:
        parts = urllib3.util.parse_url(url)
    except exceptions.LocationParseError as error:
        scheme = url.partition("://")[0]
        raise StepFailed("URL_INVALID", f"a URL of the configuration, {scheme}://…, is not valid") from error
    return f"{parts.scheme}://{parts.netloc}"


def _tls(origin: str, *, verify: bool) -> ssl.SSLContext | None:
    if not origin.startswith("https:"):
        return None
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


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
