"""DeployerRole: an IAM role that runs cutover, with its policies and the permissions boundary of what it makes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployerRoleArgs:
    """The documents of the role. `cutover iam policy --as pulumi` writes them."""

    documents: Sequence[Mapping[str, object]]
    """Policy documents; each becomes a managed policy that is attached to the role."""
    trust: Mapping[str, object]
    """Trust policy: who may assume the role."""
    boundary: Mapping[str, object] | None = None
    """Permissions boundary for the roles of releases, as a managed policy; None creates none. It does not limit this
    role."""
    path: str = "/"
    """Path of the role and of its policies."""
    session_seconds: int = 3600
    """Longest session of the role, 3600 to 43200 seconds. It should be longer than the longest deployment."""


class DeployerRole(pulumi.ComponentResource):
    """An IAM role named like the component, with one managed policy for each document."""

    role_arn: pulumi.Output[str]
    boundary_arn: pulumi.Output[str] | None
    """Value of `release.permissions_boundary` in the environment's file; None without a boundary."""

    def __init__(self, name: str, args: DeployerRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:deployer_roles:DeployerRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = iam.Role(
            name,
            name=name,
            path=args.path,
            assume_role_policy=json.dumps(args.trust),
            max_session_duration=args.session_seconds,
            opts=child,
        )
        for number, document in enumerate(args.documents, start=1):
            policy = _policy(f"{name}-{number}", args.path, document, child)
            iam.RolePolicyAttachment(f"{name}-{number}", role=role.name, policy_arn=policy.arn, opts=child)
        boundary = None if args.boundary is None else _policy(f"{name}-boundary", args.path, args.boundary, child)
        self.role_arn, self.boundary_arn = role.arn, None if boundary is None else boundary.arn
        self.register_outputs({"role_arn": self.role_arn, "boundary_arn": self.boundary_arn})


def _policy(name: str, path: str, document: Mapping[str, object], child: pulumi.ResourceOptions) -> iam.Policy:
    return iam.Policy(name, name=name, path=path, policy=json.dumps(document, separators=(",", ":")), opts=child)
