"""Calls that the resource types of Elastic Load Balancing share: look-ups by ARN, and tags."""

from collections.abc import Callable
from typing import Any

from cutover.localcloud.provider.resource_type import Client, changed, error_code, removed_tags, tag_list, tag_map
from cutover.localcloud.provider.values import Properties


def one(describe: Any, plural: str, argument: str, arn: str) -> dict[str, Any] | None:
    """Return the description of an ARN; None if it does not exist."""
    try:
        matches: list[dict[str, Any]] = describe(**{argument: [arn]})[plural]
    except Exception as error:
        if error_code(error).endswith("NotFound"):
            return None
        raise
    return matches[0] if matches else None


def ignore_missing(delete: Callable[[], object]) -> None:
    """Call `delete`; a resource that does not exist is not an error."""
    try:
        delete()
    except Exception as error:
        if not error_code(error).endswith("NotFound"):
            raise


def in_order(desired: list[str] | None, actual: list[str]) -> list[str]:
    """Return `desired` if it has the members of `actual`, which AWS returns in any order; else `actual`, sorted."""
    return list(desired) if desired is not None and sorted(desired) == sorted(actual) else sorted(actual)


def read_tags(aws: Client, arn: str) -> dict[str, str]:
    """Return the tags of a resource."""
    return tag_map(aws("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def retag(aws: Client, arn: str, old: Properties, new: Properties) -> None:
    """Update the tags of a resource."""
    if removed := removed_tags(old, new):
        aws("elbv2").remove_tags(ResourceArns=[arn], TagKeys=removed)
    if changed(old, new, "tags") and new.get("tags"):
        aws("elbv2").add_tags(ResourceArns=[arn], Tags=tag_list(new["tags"]))


def tags_of(inputs: Properties) -> dict[str, Any]:
    """Return the argument `Tags` of a creation; empty without tags."""
    tags = tag_list(inputs.get("tags"))
    return {"Tags": tags} if tags else {}
