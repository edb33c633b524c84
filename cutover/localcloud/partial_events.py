"""PutEvents whose first entry fails, although the answer has the status 200.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

import io
import json
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cutover.localcloud.backends import Call

_FAILED = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}


def put_events_in_part(
    inner: WSGIApplication, call: Call, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Send all entries but the first to `inner`, and answer for all of them."""
    rest = list(call.fields.get("Entries", []))[1:]
    results: list[dict[str, Any]] = [_FAILED]
    if rest:
        body = json.dumps(call.fields | {"Entries": rest}).encode()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        answer = b"".join(inner(environ, lambda *_: lambda _: None))
        results += json.loads(answer)["Entries"]
    failed = sum("ErrorCode" in result for result in results)
    text = json.dumps({"FailedEntryCount": failed, "Entries": results}).encode()
    start("200 OK", [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(text)))])
    return [text]
