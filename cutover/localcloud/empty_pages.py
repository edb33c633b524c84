"""Lists begin with an empty page that has a token, as AWS's lists can.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
"""

import io
import json
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cutover.localcloud.weather import Sky

_TOKEN = "after-the-empty-page"  # noqa: S105  a token of pages
_LISTS = {
    "DescribeParameters": ("Parameters", "NextToken"),
    "GetParametersByPath": ("Parameters", "NextToken"),
    "ListSecrets": ("SecretList", "NextToken"),
    "ListSecretVersionIds": ("Versions", "NextToken"),
    "FilterLogEvents": ("events", "nextToken"),
}
"""Action → the names of its list and of its token."""


def with_empty_pages(inner: WSGIApplication, sky: Sky) -> WSGIApplication:
    """Return an application that answers the first page of these lists itself, in a weather with `empty_pages`."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        named = _LISTS.get(environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2])
        if named is None or not sky.weather.empty_pages:
            return inner(environ, start)
        elements, token = named
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        fields = json.loads(body or b"{}")
        if fields.get(token) is None:
            page = json.dumps({elements: [], token: _TOKEN}).encode()
            headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(page)))]
            start("200 OK", headers)
            return [page]
        if fields[token] == _TOKEN:
            del fields[token]
            body = json.dumps(fields).encode()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return inner(environ, start)

    return answer
