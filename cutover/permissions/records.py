"""Permissions on the records: the items of one application and environment in the shared tables, and the manifests."""

from cutover.permissions.documents import Condition, Statement
from cutover.permissions.names import Names

_READS = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITES = ("dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem")


def read_records(names: Names) -> tuple[Statement, ...]:
    """Read the records of the environment."""
    return (Statement("ReadRecords", _READS, names.tables, _own_items(names)),)


def environment_record(names: Names) -> tuple[Statement, ...]:
    """Read the recorded weights, and record the stacks of the environment."""
    actions = ("dynamodb:GetItem", "dynamodb:PutItem")
    return (Statement("EnvironmentRecord", actions, names.tables[:1], _own_items(names)),)


def write_records(names: Names) -> tuple[Statement, ...]:
    """Write the records of the environment, and manifests. Only a release that is retired moves to another key."""
    return (
        Statement("WriteRecords", _WRITES, names.tables, _own_items(names)),
        Statement("MoveRecords", ("dynamodb:DeleteItem",), names.tables[:1], _own_items(names)),
        Statement("WriteManifests", ("s3:PutObject",), (f"{names.bucket}/manifests/*",)),
    )


def find_pins(names: Names) -> tuple[Statement, ...]:
    """Read which versions of secrets the releases of all applications pin. A scan cannot be limited to items."""
    return (Statement("FindPins", ("dynamodb:Scan",), names.tables[:1]),) if names.secrets else ()


def write_requests(names: Names) -> tuple[Statement, ...]:
    """Write requests of people, and results of hooks."""
    actions = ("dynamodb:ConditionCheckItem", "dynamodb:PutItem")
    return (Statement("WriteRequests", actions, names.tables[1:], _own_items(names)),)


def _own_items(names: Names) -> Condition:
    partition = f"{names.config.application}#{names.config.environment}"
    return {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": (partition,)}}
