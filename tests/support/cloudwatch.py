"""A CloudWatch of the local cloud behind a real socket, with a clock that a test sets."""

import threading
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server

import boto3

from cutover.localcloud.metrics import CloudWatch, wrap

ACCOUNT, REGION = "123456789012", "eu-west-1"
NOW = 1_800_000_000.0  # a multiple of 60
ALB = "AWS/ApplicationELB"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write no log."""


class Cloud:
    """A CloudWatch server; `now` is its clock (seconds since the epoch); AWS's own metrics have a `lag` in seconds.

    While `incomplete` is true, it reads a part of the data only.
    """

    def __init__(self) -> None:
        self.now, self.lag, self.incomplete = NOW, 0.0, False
        self.watch = CloudWatch(
            ACCOUNT, REGION, clock=lambda: self.now, lag=lambda: self.lag, incomplete=lambda: self.incomplete
        )
        self.others: list[str] = []
        self._server = make_server("127.0.0.1", 0, wrap(self._other, self.watch), handler_class=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.client: Any = boto3.client(
            "cloudwatch", region_name=REGION, endpoint_url=self.url,
            aws_access_key_id="x", aws_secret_access_key="x",
        )  # fmt: skip

    def _other(self, environ: Any, start: Any) -> list[bytes]:
        self.others.append(environ["PATH_INFO"])
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def record(self, name: str, at: float, *values: float, **dimensions: str) -> None:
        self.watch.store.record(ALB, name, dimensions, values, at=at)

    def data(self, *queries: dict[str, Any], seconds: int = 300) -> dict[str, list[float]]:
        answer = self.client.get_metric_data(
            MetricDataQueries=list(queries),
            StartTime=when(NOW - seconds),
            EndTime=when(NOW),
            ScanBy="TimestampAscending",
        )
        return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}

    def query(self, action: str, **fields: str) -> str:
        """Send a request in the query protocol, as older SDKs do."""
        body = "&".join(
            f"{key}={value}" for key, value in {"Action": action, "Version": "2010-08-01", **fields}.items()
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=x/20270115/{REGION}/monitoring/aws4_request",
        }
        return str(urlopen(Request(self.url, body.encode(), headers)).read().decode())


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def stat(identity: str, name: str, stat: str, *, namespace: str = ALB, period: int = 60, **dims: str) -> dict[str, Any]:
    metric = {
        "Namespace": namespace, "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dims.items()],
    }  # fmt: skip
    return {"Id": identity, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def put_alarm(cloud: Cloud, **fields: object) -> None:
    cloud.client.put_metric_alarm(**{
        "AlarmName": "errors", "Namespace": ALB, "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold", "Tags": [{"Key": "a", "Value": "b"}], **fields,
    })  # fmt: skip
