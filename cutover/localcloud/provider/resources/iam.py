"""The resource types of IAM roles and their policies."""

import json
from typing import Any
from urllib.parse import unquote

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

_MISSING = "NoSuchEntity"


class Role:
    """A role with its trust policy."""

    shape = Shape(
        "aws:iam/role:Role",
        replaces=frozenset({"name", "path"}),
        computed=("arn", "uniqueId", "createDate"),
        name=Name("name", 64),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        aws("iam").create_role(
            RoleName=inputs["name"],
            Path=inputs.get("path", "/"),
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description", ""),
            MaxSessionDuration=inputs.get("maxSessionDuration", 3600),
            Tags=tag_list(inputs.get("tags")),
            **({"PermissionsBoundary": boundary} if (boundary := inputs.get("permissionsBoundary")) else {}),
        )
        return str(inputs["name"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        role = _get_or_none(lambda: aws("iam").get_role(RoleName=identifier)["Role"])
        if role is None:
            return None
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {
            **({"permissionsBoundary": boundary} if boundary else {}),
            "name": identifier,
            "path": role["Path"],
            "assumeRolePolicy": _policy(role["AssumeRolePolicyDocument"], inputs.get("assumeRolePolicy")),
            "tags": tag_map(role.get("Tags")),
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "assumeRolePolicy"):
            aws("iam").update_assume_role_policy(RoleName=identifier, PolicyDocument=new["assumeRolePolicy"])
        if changed(old, new, "description", "maxSessionDuration"):
            aws("iam").update_role(
                RoleName=identifier,
                Description=new.get("description", ""),
                MaxSessionDuration=new.get("maxSessionDuration", 3600),
            )
        if changed(old, new, "permissionsBoundary") and new.get("permissionsBoundary"):
            aws("iam").put_role_permissions_boundary(
                RoleName=identifier, PermissionsBoundary=new["permissionsBoundary"]
            )
        elif changed(old, new, "permissionsBoundary"):
            aws("iam").delete_role_permissions_boundary(RoleName=identifier)
        if removed := removed_tags(old, new):
            aws("iam").untag_role(RoleName=identifier, TagKeys=removed)
        if changed(old, new, "tags") and new.get("tags"):
            aws("iam").tag_role(RoleName=identifier, Tags=tag_list(new["tags"]))

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        _ignore_missing(lambda: aws("iam").delete_role(RoleName=identifier))


class RolePolicy:
    """An inline policy of a role; its id is ROLE:NAME."""

    shape = Shape("aws:iam/rolePolicy:RolePolicy", replaces=frozenset({"name", "role"}), name=Name("name", 128))

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        self._put(aws, inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        role, _, name = identifier.partition(":")
        policy = _get_or_none(lambda: aws("iam").get_role_policy(RoleName=role, PolicyName=name))
        if policy is None:
            return None
        return {"role": role, "name": name, "policy": _policy(policy["PolicyDocument"], inputs.get("policy"))}

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        del identifier, old
        self._put(aws, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        role, _, name = identifier.partition(":")
        _ignore_missing(lambda: aws("iam").delete_role_policy(RoleName=role, PolicyName=name))

    def _put(self, aws: Client, inputs: Properties) -> None:
        aws("iam").put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])


class RolePolicyAttachment:
    """A managed policy of a role; its id is ROLE-ARN."""

    shape = Shape("aws:iam/rolePolicyAttachment:RolePolicyAttachment", replaces=frozenset({"role", "policyArn"}))

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        aws("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}-{inputs['policyArn']}"

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        role, _, rest = identifier.partition("-arn:")
        attached = _get_or_none(lambda: aws("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"])
        arn = f"arn:{rest}"
        del inputs
        return {"role": role, "policyArn": arn} if any(p["PolicyArn"] == arn for p in attached or []) else None

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """Do nothing: every change is a replacement."""

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del identifier
        _ignore_missing(lambda: aws("iam").detach_role_policy(RoleName=state["role"], PolicyArn=state["policyArn"]))


def _policy(actual: Any, desired: str | None) -> str:
    """Return `desired` if it means the same as `actual`: AWS may change the order and the spaces."""
    document = json.loads(unquote(actual)) if isinstance(actual, str) else actual
    if desired is not None and json.loads(desired) == document:
        return desired
    return json.dumps(document)


def _get_or_none(call: Any) -> Any:
    try:
        return call()
    except Exception as error:
        if error_code(error) == _MISSING:
            return None
        raise


def _ignore_missing(call: Any) -> None:
    _get_or_none(call)
