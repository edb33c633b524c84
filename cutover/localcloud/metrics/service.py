"""Answers CloudWatch's operations in place of moto, whose answers about metrics and alarms differ from AWS's."""

import io
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cutover.localcloud.metrics import queries
from cutover.localcloud.metrics.alarms import Alarms
from cutover.localcloud.metrics.errors import CloudWatchError
from cutover.localcloud.metrics.protocols import Response, codec_of
from cutover.localcloud.metrics.store import MetricStore

_Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class CloudWatch:
    """The metrics and alarms of one account and region; it evaluates alarms each second from `start` to `stop`."""

    def __init__(
        self,
        account: str,
        region: str,
        *,
        clock: Callable[[], float] = time.time,
        every: float = 1.0,
        lag: Callable[[], float] = lambda: 0.0,
        incomplete: Callable[[], bool] = lambda: False,
    ) -> None:
        self.store = MetricStore(clock, lag)
        self.alarms = Alarms(self.store, account, region)
        self._clock, self._incomplete = clock, incomplete
        self._every = every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._handlers = self._by_operation()

    def start(self) -> None:
        """Start the evaluation of alarms. Raises RuntimeError if it has started already."""
        if self._thread is not None:
            raise RuntimeError("CloudWatch evaluates alarms already")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._evaluate, name="alarms", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the evaluation of alarms, and wait for the thread to end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def handle(self, operation: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the result of one operation. Raises CloudWatchError."""
        handler = self._handlers.get(operation)
        if handler is None:
            message = f"The local cloud does not simulate CloudWatch's {operation}."
            raise CloudWatchError("UnknownOperationException", message, query_code="InvalidAction")
        return handler(fields)

    def _get_metric_data(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The answer; sometimes a query has only the older half of its data, and the status `PartialData`."""
        answer = queries.get_metric_data(self.store, dict(fields))
        for result in answer["MetricDataResults"]:
            if self._incomplete():
                half = len(result["Values"]) // 2
                result["Timestamps"], result["Values"] = result["Timestamps"][:half], result["Values"][:half]
                result["StatusCode"] = "PartialData"
        return answer

    def _by_operation(self) -> dict[str, _Handler]:
        store, alarms, clock = self.store, self.alarms, self._clock
        return {
            "PutMetricData": lambda fields: queries.put_metric_data(store, fields, clock()),
            "GetMetricData": self._get_metric_data,
            "GetMetricStatistics": lambda fields: queries.get_metric_statistics(store, fields),
            "ListMetrics": lambda fields: queries.list_metrics(store, fields),
            "PutMetricAlarm": lambda fields: alarms.put(fields, clock()),
            "PutCompositeAlarm": lambda fields: alarms.put_composite(fields, clock()),
            "DescribeAlarms": alarms.describe,
            "DeleteAlarms": alarms.delete,
            "SetAlarmState": lambda fields: alarms.set_state(fields, clock()),
            "EnableAlarmActions": lambda fields: alarms.enable_actions(fields, enabled=True),
            "DisableAlarmActions": lambda fields: alarms.enable_actions(fields, enabled=False),
            "ListTagsForResource": alarms.list_tags,
            "TagResource": alarms.tag,
            "UntagResource": alarms.untag,
        }

    def _evaluate(self) -> None:
        while not self._stopping.wait(self._every):
            self.alarms.evaluate(self._clock())


def wrap(app: WSGIApplication, cloudwatch: CloudWatch) -> WSGIApplication:
    """Return an application that answers CloudWatch's requests and sends all others to `app`."""

    def handle_request(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if not _may_be_cloudwatch(environ):
            return app(environ, start)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        protocol = codec_of(environ, body)
        if protocol is None:
            return app(environ, start)
        codec, operation = protocol
        try:
            response = codec.write(cloudwatch.handle(operation, codec.read(body)))
        except CloudWatchError as error:
            response = codec.write_error(error)
        return _send(response, start)

    return handle_request


def _may_be_cloudwatch(environ: WSGIEnvironment) -> bool:
    """Return whether to read the body; the bodies of other services may be large."""
    return (
        "/monitoring/" in environ.get("HTTP_AUTHORIZATION", "")
        or environ.get("PATH_INFO", "").startswith("/service/GraniteServiceVersion20100801/")
        or environ.get("HTTP_X_AMZ_TARGET", "").startswith("GraniteServiceVersion20100801.")
    )


def _send(response: Response, start: StartResponse) -> Iterable[bytes]:
    reason = "OK" if response.status < 300 else "Error"
    start(f"{response.status} {reason}", [*response.headers, ("Content-Length", str(len(response.body)))])
    return [response.body]
