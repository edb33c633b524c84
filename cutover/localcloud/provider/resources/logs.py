"""The resource type of CloudWatch log groups."""

from cutover.localcloud.provider.resource_type import Client, Name, Shape, changed, error_code, removed_tags
from cutover.localcloud.provider.values import Properties


class LogGroup:
    """A log group with its retention."""

    shape = Shape(
        "aws:cloudwatch/logGroup:LogGroup",
        replaces=frozenset({"name"}),
        computed=("arn",),
        name=Name("name", 512),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        tags = {"tags": inputs["tags"]} if inputs.get("tags") else {}
        aws("logs").create_log_group(logGroupName=inputs["name"], **tags)
        self._retain(aws, inputs)
        return str(inputs["name"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        groups = aws("logs").describe_log_groups(logGroupNamePrefix=identifier)["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == identifier), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        state: Properties = {"name": identifier, "arn": arn}
        if "retentionInDays" in inputs or "retentionInDays" in group:
            state["retentionInDays"] = group.get("retentionInDays", 0)
        state["tags"] = aws("logs").list_tags_for_resource(resourceArn=arn).get("tags", {})
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "retentionInDays"):
            self._retain(aws, new)
        state = self.read(aws, identifier, new) or {}
        if removed := removed_tags(old, new):
            aws("logs").untag_resource(resourceArn=state["arn"], tagKeys=removed)
        if changed(old, new, "tags") and new.get("tags"):
            aws("logs").tag_resource(resourceArn=state["arn"], tags=new["tags"])

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        try:
            aws("logs").delete_log_group(logGroupName=identifier)
        except Exception as error:
            if error_code(error) != "ResourceNotFoundException":
                raise

    def _retain(self, aws: Client, inputs: Properties) -> None:
        if inputs.get("retentionInDays"):
            aws("logs").put_retention_policy(logGroupName=inputs["name"], retentionInDays=inputs["retentionInDays"])
        else:
            aws("logs").delete_retention_policy(logGroupName=inputs["name"])
