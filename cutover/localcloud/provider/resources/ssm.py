"""The resource type of parameters in the Parameter Store."""

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


class Parameter:
    """A parameter; a new value is a new version."""

    shape = Shape(
        "aws:ssm/parameter:Parameter",
        replaces=frozenset({"name"}),
        computed=("arn", "version"),
        name=Name("name", 1011),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        aws("ssm").put_parameter(
            Name=inputs["name"],
            Type=inputs["type"],
            Value=inputs["value"],
            Description=inputs.get("description", ""),
            Tags=tag_list(inputs.get("tags")),
        )
        return str(inputs["name"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        del inputs
        try:
            parameter = aws("ssm").get_parameter(Name=identifier, WithDecryption=True)["Parameter"]
        except Exception as error:
            if error_code(error) == "ParameterNotFound":
                return None
            raise
        tags = aws("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=identifier)["TagList"]
        return {
            "name": identifier,
            "type": parameter["Type"],
            "value": parameter["Value"],
            "tags": tag_map(tags),
            "arn": parameter["ARN"],
            "version": parameter["Version"],
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "type", "value", "description"):
            aws("ssm").put_parameter(
                Name=identifier,
                Type=new["type"],
                Value=new["value"],
                Description=new.get("description", ""),
                Overwrite=True,
            )
        named = {"ResourceType": "Parameter", "ResourceId": identifier}
        if removed := removed_tags(old, new):
            aws("ssm").remove_tags_from_resource(**named, TagKeys=removed)
        if changed(old, new, "tags") and new.get("tags"):
            aws("ssm").add_tags_to_resource(**named, Tags=tag_list(new["tags"]))

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        try:
            aws("ssm").delete_parameter(Name=identifier)
        except Exception as error:
            if error_code(error) != "ParameterNotFound":
                raise
