"""What the types of Elastic Load Balancing share: look-ups by ARN, and tags."""

from collections.abc import Callable
from typing import Any

from cutover.localcloud.provider.kinds import Client, changed, error_code, gone_tags, tag_list, tag_map
from cutover.localcloud.provider.values import Properties


def one(describe: Any, plural: str, argument: str, arn: str) -> dict[str, Any] | None:
    """The one thing of that ARN; None where it is gone."""
    try:
        found: list[dict[str, Any]] = describe(**{argument: [arn]})[plural]
    except Exception as error:
        if error_code(error).endswith("NotFound"):
            return None
        raise
    return found[0] if found else None


def unless_gone(delete: Callable[[], object]) -> None:
    """Delete it; nothing to do where it is gone."""
    try:
        delete()
    except Exception as error:
        if not error_code(error).endswith("NotFound"):
            raise


def in_order(asked: list[str] | None, found: list[str]) -> list[str]:
    """AWS keeps a set; the order that was asked for is kept while the members are the same."""
    return list(asked) if asked is not None and sorted(asked) == sorted(found) else sorted(found)


def read_tags(aws: Client, arn: str) -> dict[str, str]:
    """Tags as AWS shows them."""
    return tag_map(aws("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def retag(aws: Client, arn: str, old: Properties, new: Properties) -> None:
    """Bring the tags to what is wanted."""
    if gone := gone_tags(old, new):
        aws("elbv2").remove_tags(ResourceArns=[arn], TagKeys=gone)
    if changed(old, new, "tags") and new.get("tags"):
        aws("elbv2").add_tags(ResourceArns=[arn], Tags=tag_list(new["tags"]))


def tags_of(inputs: Properties) -> dict[str, Any]:
    """The argument of a creation; absent where there are none."""
    tags = tag_list(inputs.get("tags"))
    return {"Tags": tags} if tags else {}
