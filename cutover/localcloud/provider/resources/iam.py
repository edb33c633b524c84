"""IAM roles and their policies."""

import json
from typing import Any
from urllib.parse import unquote

from cutover.localcloud.provider.kinds import Client, Name, Shape, changed, error_code, gone_tags, tag_list, tag_map
from cutover.localcloud.provider.values import Properties

_GONE = "NoSuchEntity"


class Role:
    """A role and who may assume it."""

    shape = Shape(
        "aws:iam/role:Role",
        replaces=frozenset({"name", "path"}),
        computed=("arn", "uniqueId", "createDate"),
        name=Name("name", 64),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        aws("iam").create_role(
            RoleName=inputs["name"],
            Path=inputs.get("path", "/"),
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description", ""),
            MaxSessionDuration=inputs.get("maxSessionDuration", 3600),
            Tags=tag_list(inputs.get("tags")),
        )
        return str(inputs["name"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = _get(lambda: aws("iam").get_role(RoleName=identifier)["Role"])
        if found is None:
            return None
        return {
            "name": identifier,
            "assumeRolePolicy": _policy(found["AssumeRolePolicyDocument"], inputs.get("assumeRolePolicy")),
            "tags": tag_map(found.get("Tags")),
            "arn": found["Arn"],
            "uniqueId": found["RoleId"],
            "createDate": found["CreateDate"].isoformat(),
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "assumeRolePolicy"):
            aws("iam").update_assume_role_policy(RoleName=identifier, PolicyDocument=new["assumeRolePolicy"])
        if changed(old, new, "description", "maxSessionDuration"):
            aws("iam").update_role(
                RoleName=identifier,
                Description=new.get("description", ""),
                MaxSessionDuration=new.get("maxSessionDuration", 3600),
            )
        if gone := gone_tags(old, new):
            aws("iam").untag_role(RoleName=identifier, TagKeys=gone)
        if changed(old, new, "tags") and new.get("tags"):
            aws("iam").tag_role(RoleName=identifier, Tags=tag_list(new["tags"]))

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        _unless_gone(lambda: aws("iam").delete_role(RoleName=identifier))


class RolePolicy:
    """A policy that is part of a role; its id is ROLE:NAME."""

    shape = Shape("aws:iam/rolePolicy:RolePolicy", replaces=frozenset({"name", "role"}), name=Name("name", 128))

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        self._put(aws, inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        role, _, name = identifier.partition(":")
        found = _get(lambda: aws("iam").get_role_policy(RoleName=role, PolicyName=name))
        if found is None:
            return None
        return {"role": role, "name": name, "policy": _policy(found["PolicyDocument"], inputs.get("policy"))}

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        del identifier, old
        self._put(aws, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        role, _, name = identifier.partition(":")
        _unless_gone(lambda: aws("iam").delete_role_policy(RoleName=role, PolicyName=name))

    def _put(self, aws: Client, inputs: Properties) -> None:
        aws("iam").put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])


class RolePolicyAttachment:
    """A managed policy on a role; its id is ROLE-ARN."""

    shape = Shape("aws:iam/rolePolicyAttachment:RolePolicyAttachment", replaces=frozenset({"role", "policyArn"}))

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        aws("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}-{inputs['policyArn']}"

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        role, _, rest = identifier.partition("-arn:")
        attached = _get(lambda: aws("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"])
        arn = f"arn:{rest}"
        del inputs
        return {"role": role, "policyArn": arn} if any(p["PolicyArn"] == arn for p in attached or []) else None

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """Nothing can change but by replacement."""

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del identifier
        _unless_gone(lambda: aws("iam").detach_role_policy(RoleName=state["role"], PolicyArn=state["policyArn"]))


def _policy(found: Any, asked: str | None) -> str:
    """As it was asked for where both say the same, since AWS keeps neither order nor spaces."""
    document = json.loads(unquote(found)) if isinstance(found, str) else found
    if asked is not None and json.loads(asked) == document:
        return asked
    return json.dumps(document)


def _get(call: Any) -> Any:
    try:
        return call()
    except Exception as error:
        if error_code(error) == _GONE:
            return None
        raise


def _unless_gone(call: Any) -> None:
    _get(call)
