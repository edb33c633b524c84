"""A request to AWS as the local cloud sees it: which service and action, with which fields; and how to refuse it."""

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
    """Whether it came as a form, AWS's query protocol, whose answers are XML."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as AWS would give it."""

    code: str
    message: str
    status: int = 400


def read_call(environ: WSGIEnvironment) -> Call:
    """The request in `environ`, whose body stays readable for the next application."""
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
    return Call(service, path.rpartition("/operation/")[2] if "/operation/" in path else "", {}, path)


def refuse(call: Call, refusal: Refusal, start: StartResponse) -> Iterable[bytes]:
    """Answer with the error in the protocol of the service that was called."""
    if call.form:
        body = _xml_error(refusal).encode()
        headers = [("Content-Type", "text/xml")]
    else:
        body = json.dumps({"__type": refusal.code, "message": refusal.message}).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", refusal.code)]
    start(f"{refusal.status} Refused", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def members(fields: dict[str, Any], prefix: str) -> list[dict[str, str]]:
    """The list `prefix.member.N.…` of the query protocol, each element as its flat fields below the number."""
    found: dict[int, dict[str, str]] = {}
    for key, value in fields.items():
        if key.startswith(f"{prefix}.member."):
            number, _, rest = key.removeprefix(f"{prefix}.member.").partition(".")
            found.setdefault(int(number), {})[rest] = value
    return [found[number] for number in sorted(found)]


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        # moto answers what is no JSON with AWS's own SerializationException.
        return {}
    return value if isinstance(value, dict) else {}


def _xml_error(refusal: Refusal) -> str:
    return (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
