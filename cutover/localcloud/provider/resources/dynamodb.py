"""The resource type of DynamoDB tables."""

import time
from typing import Any

from cutover.localcloud.provider.resource_type import (
    Client,
    Name,
    Shape,
    changed,
    error_code,
    removed_tags,
    tag_list,
    tag_map,
)
from cutover.localcloud.provider.values import Properties

_POLL = 0.1  # seconds


class Table:
    """A table with its keys, recovery, encryption and deletion protection."""

    shape = Shape(
        "aws:dynamodb/table:Table",
        replaces=frozenset({"name", "hashKey", "rangeKey"}),
        computed=("arn", "streamArn"),
        name=Name("name", 255),
        tagged=True,
        delete_first=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
        if inputs.get("rangeKey"):
            keys.append({"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"})
        sse = inputs.get("serverSideEncryption") or {}
        aws("dynamodb").create_table(
            TableName=inputs["name"],
            KeySchema=keys,
            AttributeDefinitions=[
                {"AttributeName": a["name"], "AttributeType": a["type"]} for a in inputs["attributes"]
            ],
            BillingMode=inputs.get("billingMode", "PROVISIONED"),
            DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
            Tags=tag_list(inputs.get("tags")),
            **({"SSESpecification": {"Enabled": True, "SSEType": "KMS"}} if sse.get("enabled") else {}),
        )
        self._await_active(aws, inputs["name"])
        self._set_recovery(aws, inputs)
        return str(inputs["name"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        table = _table(aws, identifier)
        if table is None:
            return None
        recovery = aws("dynamodb").describe_continuous_backups(TableName=identifier)
        status = recovery["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        state: Properties = {
            "name": table["TableName"],
            "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "deletionProtectionEnabled": bool(table.get("DeletionProtectionEnabled")),
            "tags": tag_map(aws("dynamodb").list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
            "arn": table["TableArn"],
            "streamArn": table.get("LatestStreamArn", ""),
        }
        if "pointInTimeRecovery" in inputs:
            state["pointInTimeRecovery"] = {"enabled": status.get("PointInTimeRecoveryStatus") == "ENABLED"}
        if "serverSideEncryption" in inputs:
            enabled = table.get("SSEDescription", {}).get("Status") in ("ENABLED", "ENABLING")
            state["serverSideEncryption"] = {**inputs["serverSideEncryption"], "enabled": enabled}
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "deletionProtectionEnabled"):
            aws("dynamodb").update_table(
                TableName=identifier, DeletionProtectionEnabled=bool(new.get("deletionProtectionEnabled"))
            )
        if changed(old, new, "billingMode"):
            aws("dynamodb").update_table(TableName=identifier, BillingMode=new["billingMode"])
        if changed(old, new, "pointInTimeRecovery"):
            self._set_recovery(aws, new)
        arn = (_table(aws, identifier) or {}).get("TableArn")
        if removed := removed_tags(old, new):
            aws("dynamodb").untag_resource(ResourceArn=arn, TagKeys=removed)
        if changed(old, new, "tags") and new.get("tags"):
            aws("dynamodb").tag_resource(ResourceArn=arn, Tags=tag_list(new["tags"]))

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`; AWS rejects this while deletion protection is on."""
        del state
        try:
            aws("dynamodb").delete_table(TableName=identifier)
        except Exception as error:
            if error_code(error) != "ResourceNotFoundException":
                raise

    def _set_recovery(self, aws: Client, inputs: Properties) -> None:
        recovery = inputs.get("pointInTimeRecovery")
        if recovery is not None:
            aws("dynamodb").update_continuous_backups(
                TableName=inputs["name"],
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery["enabled"]},
            )

    def _await_active(self, aws: Client, name: str) -> None:
        while (table := _table(aws, name)) is not None and table["TableStatus"] != "ACTIVE":
            time.sleep(_POLL)


def _table(aws: Client, name: str) -> dict[str, Any] | None:
    try:
        table: dict[str, Any] = aws("dynamodb").describe_table(TableName=name)["Table"]
    except Exception as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
    return table
