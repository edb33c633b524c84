"""Reads API requests to AWS, and answers them with AWS's errors."""

import io
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.sax.saxutils import escape

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@dataclass(frozen=True, slots=True)
class Call:
    """One API request; `fields` holds a JSON body, or the form fields of the query protocol (last value wins)."""

    service: str
    action: str
    fields: dict[str, Any]
    path: str
    form: bool = False
    """Whether the request uses the query protocol: a form, with XML as the answer."""


@dataclass(frozen=True, slots=True)
class AwsError:
    """An error with AWS's code and message, and the HTTP status."""

    code: str
    message: str
    status: int = 400
    details: tuple[tuple[str, Any], ...] = ()
    """More fields of an answer in JSON."""


def read_call(environ: WSGIEnvironment) -> Call:
    """Return the request in `environ`; the next application can read the body again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    service = scope[3] if len(scope) > 3 else ""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return Call(service, target.rpartition(".")[2], _json_object(body), environ.get("PATH_INFO", ""))
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        form = {key: values[-1] for key, values in parse_qs(body.decode()).items()}
        return Call(service, form.get("Action", ""), dict(form), environ.get("PATH_INFO", ""), form=True)
    path = environ.get("PATH_INFO", "")
    owner = environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER")
    fields = {"ExpectedBucketOwner": owner} if owner else {}
    return Call(service, path.rpartition("/operation/")[2] if "/operation/" in path else "", fields, path)


def send_error(call: Call, error: AwsError, start: StartResponse) -> Iterable[bytes]:
    """Answer with the error, in the protocol of the request."""
    if call.service == "s3":
        text = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        body, headers = text.encode(), [("Content-Type", "application/xml")]
    elif call.form:
        body = _xml_error(error).encode()
        headers = [("Content-Type", "text/xml")]
    else:
        fields = {"__type": error.code, "message": error.message, **dict(error.details)}
        body = json.dumps(fields).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", error.code)]
    start(f"{error.status} Error", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def members(fields: dict[str, Any], prefix: str) -> list[dict[str, str]]:
    """Return the list `prefix.member.N.…` of the query protocol; each element is a flat map of its fields."""
    elements: dict[int, dict[str, str]] = {}
    for key, value in fields.items():
        if key.startswith(f"{prefix}.member."):
            number, _, rest = key.removeprefix(f"{prefix}.member.").partition(".")
            elements.setdefault(int(number), {})[rest] = value
    return [elements[number] for number in sorted(elements)]


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        # moto answers text that is not JSON with AWS's own SerializationException.
        return {}
    return value if isinstance(value, dict) else {}


def _xml_error(error: AwsError) -> str:
    return (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
