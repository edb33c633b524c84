"""`python -m benchmarks.history`: the cost of one deployment in DynamoDB requests, by the length of the history.

It deploys by the real core and the DynamoDB ledger, with moto in this process and every other port in memory. Writes
benchmarks/HISTORY.md and benchmarks/history.svg.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cutover.ports import HeldLease, HoldLease, Lease, Ledger, Urgent

FOLDER = Path(__file__).parent
# The ports in memory are those of the tests.
sys.path.insert(0, str(FOLDER.parent / "tests"))
LENGTHS = (10, 100, 1_000, 10_000)
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}


def main() -> None:
    """Measure each length, and write the table and the plot."""
    logging.disable(logging.WARNING)
    os.environ.update(_CREDENTIALS)
    rows = [(length, *measure(length)) for length in LENGTHS]
    lines = ["| releases in the ledger | requests | items read |", "|---|---|---|"]
    lines += [f"| {length:,} | {requests} | {items} |" for length, requests, items in rows]
    head = (
        "# The cost of a deployment does not depend on the history\n\n"
        "Written by `python -m benchmarks.history`: one blue-green deployment that retires an older release,\n"
        "after a number of older ones. Requests are those to DynamoDB; items read are those that it returned.\n"
        "The time is not shown: it is that of moto, which scans the whole table for each query.\n\n"
    )
    text = head + "\n".join(lines) + "\n\n![requests and items by length of the history](history.svg)\n"
    (FOLDER / "HISTORY.md").write_text(text, encoding="utf-8")
    (FOLDER / "history.svg").write_text(plot(rows), encoding="utf-8")
    print(text)


def measure(length: int) -> tuple[int, int]:
    """Requests and items read of one deployment after `length` older releases."""
    from moto import mock_aws

    from contracts.test_ledger_costs import counted, fill  # type: ignore[import-not-found]
    from cutover import operations
    from cutover.adapters.dynamodb import DynamoLedger
    from cutover.adapters.session import Session
    from cutover.config.schema import Provider
    from support.fakes import InMemoryEnvironment  # type: ignore[import-not-found]
    from support.records import RECORDS  # type: ignore[import-not-found]

    with mock_aws():
        session = Session(Provider(region="eu-west-1", account_id="123456789012"))
        _create_tables(session, RECORDS)
        environment: Any = InMemoryEnvironment()
        ledger = DynamoLedger(session, RECORDS, "shop", "prod", environment.clock)

        def deploy(version: str) -> None:
            ports = environment.driver(version)
            urgent = Urgent(ledger=ledger, traffic=ports.traffic)
            operations.deploy(replace(ports, ledger=ledger, urgent=urgent, hold_lease=_hold_lease(ledger)))

        fill("prod", length)
        deploy("v1")
        deploy("v2")
        with counted(session) as counts:
            deploy("v3")
        requests = sum(count for name, count in counts.items() if name.endswith("requests"))
        items = sum(count for name, count in counts.items() if name.endswith("items"))
    return requests, items


class _Held:
    """Implements `cutover.ports.HeldLease` without a thread: the deployment takes seconds."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self._ledger, self.lease = ledger, lease

    def seconds_left(self) -> float:
        return 60.0

    def renew(self) -> None:
        self._ledger.renew(self.lease)

    def expect(self, seconds: float) -> None:
        del seconds


def _hold_lease(ledger: Ledger) -> HoldLease:
    @contextmanager
    def hold(lease: Lease) -> Iterator[HeldLease]:
        yield _Held(ledger, lease)

    return hold


def plot(points: list[tuple[int, int, int]]) -> str:
    """An SVG with the requests and the items read; the lengths are on a logarithmic axis."""
    from math import log10

    width, height, left, bottom = 640, 320, 60, 40
    most = max(max(requests, items) for _, requests, items in points) * 1.2
    spread = log10(points[-1][0]) - log10(points[0][0])

    def place(length: int, value: float) -> tuple[float, float]:
        share = (log10(length) - log10(points[0][0])) / spread
        return left + share * (width - left - 30), height - bottom - value / most * (height - bottom - 30)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">']
    parts.append(f'<rect width="{width}" height="{height}" fill="white"/>')
    for value in range(0, int(most) + 1, 50):
        x, y = place(points[0][0], value)
        parts.append(f'<line x1="{x}" x2="{width - 30}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4:.0f}" font-size="12" text-anchor="end">{value}</text>')
    for length, _, _ in points:
        x, y = place(length, 0)
        parts.append(f'<text x="{x:.0f}" y="{y + 20:.0f}" font-size="12" text-anchor="middle">{length:,}</text>')
    for column, colour, name in ((1, "#1f6fb2", "requests to DynamoDB"), (2, "#c0562a", "items read")):
        places = [place(point[0], point[column]) for point in points]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{colour}"/>' for x, y in places]
        x, y = places[0]
        parts.append(f'<text x="{x + 8:.0f}" y="{y - 8:.0f}" font-size="13" fill="{colour}">{name}</text>')
    parts.append(
        f'<text x="{width / 2}" y="{height - 6}" font-size="12" text-anchor="middle">releases in the ledger</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _create_tables(session: Any, records: Any) -> None:
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    for table in (records.deployments_table, records.executions_table):
        session.dynamodb.create_table(
            TableName=table, KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
        )
    session.s3.create_bucket(
        Bucket=records.artifact_bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )


if __name__ == "__main__":
    main()
