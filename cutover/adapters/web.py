"""One HTTP request to somebody who is not AWS: a webhook, Prometheus."""

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from cutover.domain.errors import TransientFailure

_MOST_BYTES = 1024 * 1024


def request(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str], timeout_seconds: float
) -> tuple[int, str]:
    """Status and text (of at most 1 MiB); redirects are answers like any other.

    Raises:
        TransientFailure: nobody answers.
    """
    parts = urlsplit(url)
    connection = _connect(parts.scheme, parts.hostname or "", parts.port, timeout_seconds)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl() or "/", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        place = f"{parts.scheme}://{parts.hostname}"
        raise TransientFailure("UNREACHABLE", f"{place}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _connect(scheme: str, host: str, port: int | None, timeout: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout)
