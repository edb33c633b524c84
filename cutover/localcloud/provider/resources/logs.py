"""CloudWatch log groups."""

from cutover.localcloud.provider.kinds import Client, Name, Shape, changed, error_code, gone_tags
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
        """See `Kind`."""
        tags = {"tags": inputs["tags"]} if inputs.get("tags") else {}
        aws("logs").create_log_group(logGroupName=inputs["name"], **tags)
        self._retain(aws, inputs)
        return str(inputs["name"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        groups = aws("logs").describe_log_groups(logGroupNamePrefix=identifier)["logGroups"]
        found = next((group for group in groups if group["logGroupName"] == identifier), None)
        if found is None:
            return None
        arn = found["arn"].removesuffix(":*")
        seen: Properties = {"name": identifier, "arn": arn}
        if "retentionInDays" in inputs or "retentionInDays" in found:
            seen["retentionInDays"] = found.get("retentionInDays", 0)
        seen["tags"] = aws("logs").list_tags_for_resource(resourceArn=arn).get("tags", {})
        return seen

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "retentionInDays"):
            self._retain(aws, new)
        seen = self.observe(aws, identifier, new) or {}
        if gone := gone_tags(old, new):
            aws("logs").untag_resource(resourceArn=seen["arn"], tagKeys=gone)
        if changed(old, new, "tags") and new.get("tags"):
            aws("logs").tag_resource(resourceArn=seen["arn"], tags=new["tags"])

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
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
