"""CloudWatch's three protocols: smithy-rpc-v2-cbor (newer SDKs), JSON and query (XML).

A codec reads the parameters of a request by AWS's member names, and writes the response in the same protocol.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

import cbor2

from cutover.localcloud.metrics.errors import CloudWatchError, invalid

_RPC_PATH = re.compile(r"/service/GraniteServiceVersion20100801/operation/(\w+)")
_JSON_TARGET = "GraniteServiceVersion20100801."


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Codec(Protocol):
    """One protocol."""

    def read(self, body: bytes) -> Mapping[str, Any]:
        """Return the parameters of a request. Raises CloudWatchError."""

    def write(self, result: Mapping[str, Any]) -> Response:
        """Return the response with a result."""

    def write_error(self, error: CloudWatchError) -> Response:
        """Return the response with an error."""


def codec_of(environ: WSGIEnvironment, body: bytes) -> tuple[Codec, str] | None:
    """Return the codec and the operation of a request; None if the request is not for CloudWatch."""
    rpc = _RPC_PATH.fullmatch(environ.get("PATH_INFO", ""))
    if rpc is not None and environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return CborCodec(), rpc[1]
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target.startswith(_JSON_TARGET):
        return JsonCodec(environ.get("CONTENT_TYPE", "")), target.removeprefix(_JSON_TARGET)
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    if len(scope) > 3 and scope[3] == "monitoring" and "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        action = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action", "")
        return QueryCodec(action), action
    return None


class CborCodec:
    """smithy-rpc-v2-cbor: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html"""

    def read(self, body: bytes) -> Mapping[str, Any]:
        """See `Codec`."""
        try:
            parameters = cbor2.loads(body) if body else {}
        except cbor2.CBORDecodeError as cause:
            raise CloudWatchError("SerializationException", f"The body is not valid CBOR: {cause}") from cause
        if not isinstance(parameters, dict):
            raise CloudWatchError("SerializationException", "The body must be a map.")
        return parameters

    def write(self, result: Mapping[str, Any]) -> Response:
        """See `Codec`."""
        # AWS sends times as numbers of seconds, and leaves out members without a value.
        return self._respond(200, cbor2.dumps(_without_none(result), datetime_as_timestamp=True))

    def write_error(self, error: CloudWatchError) -> Response:
        """See `Codec`."""
        body = cbor2.dumps({"__type": f"com.amazonaws.cloudwatch#{error.code}", "message": error.message})
        return self._respond(error.status, body, ("x-amzn-query-error", f"{error.query_code};Sender"))

    @staticmethod
    def _respond(status: int, body: bytes, *more: tuple[str, str]) -> Response:
        fixed = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), _request_id())
        return Response(status, (*fixed, *more), body)


class JsonCodec:
    """AWS JSON 1.0 and 1.1; times are numbers of seconds."""

    def __init__(self, content_type: str) -> None:
        self._content_type = content_type or "application/x-amz-json-1.0"

    def read(self, body: bytes) -> Mapping[str, Any]:
        """See `Codec`."""
        try:
            value = json.loads(body or b"{}")
        except ValueError as cause:
            raise CloudWatchError("SerializationException", "The body is not valid JSON.") from cause
        if not isinstance(value, dict):
            raise CloudWatchError("SerializationException", "The body must be an object.")
        return value

    def write(self, result: Mapping[str, Any]) -> Response:
        """See `Codec`."""
        return self._respond(200, {name: value for name, value in result.items() if value is not None})

    def write_error(self, error: CloudWatchError) -> Response:
        """See `Codec`."""
        query_error = ("x-amzn-query-error", f"{error.query_code};Sender")
        return self._respond(error.status, {"__type": error.code, "message": error.message}, query_error)

    def _respond(self, status: int, value: Mapping[str, Any], *more: tuple[str, str]) -> Response:
        body = json.dumps(value, default=_json_time).encode()
        return Response(status, (("Content-Type", self._content_type), _request_id(), *more), body)


class QueryCodec:
    """The query protocol with XML responses, by moto's parser and serializer of the service's model."""

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def read(self, body: bytes) -> Mapping[str, Any]:
        """See `Codec`."""
        from moto.core.parse import PROTOCOL_PARSERS
        from werkzeug.datastructures import MultiDict

        parser = PROTOCOL_PARSERS["query"](_operation_model(self._operation))
        try:
            form: Any = {"values": MultiDict(parse_qsl(body.decode(), keep_blank_values=True))}
            parsed = parser.parse(form)
        except (ValueError, TypeError, KeyError) as cause:
            raise invalid(f"{self._operation}: a parameter cannot be parsed: {cause}") from cause
        return dict(parsed)

    def write(self, result: Mapping[str, Any]) -> Response:
        """See `Codec`."""
        from moto.core.serialize import SERIALIZERS

        written = SERIALIZERS["query"](_operation_model(self._operation)).serialize(dict(result))
        return self._respond(200, str(written["body"]))

    def write_error(self, error: CloudWatchError) -> Response:
        """See `Codec`."""
        from xml.sax.saxutils import escape

        return self._respond(
            error.status,
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.query_code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>",
        )

    @staticmethod
    def _respond(status: int, text: str) -> Response:
        return Response(status, (("Content-Type", "text/xml"), _request_id()), text.encode())


@cache
def _operation_model(operation: str) -> Any:
    """Return botocore's model of an operation. Raises CloudWatchError if there is none."""
    from botocore.model import OperationNotFoundError

    try:
        return _service_model().operation_model(operation)
    except OperationNotFoundError as cause:
        raise CloudWatchError("InvalidAction", f"{operation} is not an operation of CloudWatch.") from cause


@cache
def _service_model() -> Any:
    # moto's serializer needs moto's model class: its shapes have methods that botocore's lack.
    from botocore.loaders import Loader
    from moto.core.model import ServiceModel

    return ServiceModel(Loader().load_service_model("cloudwatch", "service-2"), "cloudwatch")


def _without_none(value: Any) -> Any:
    """Return the value without the members that are None, at any depth."""
    if isinstance(value, Mapping):
        return {name: _without_none(member) for name, member in value.items() if member is not None}
    return [_without_none(element) for element in value] if isinstance(value, list | tuple) else value


def _request_id() -> tuple[str, str]:
    return ("x-amzn-requestid", str(uuid.uuid4()))


def _json_time(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"a value of type {type(value).__name__} cannot be written as JSON")
