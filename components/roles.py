"""Roles: the execution role and the task role of one release."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
_ASSUMED_BY_TASKS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesArgs:
    """The resources that the execution role may use; it may use no others."""

    repository_arn: pulumi.Input[str]
    """ECR repository that images are pulled from."""
    log_group_arn: pulumi.Input[str]
    """Log group that the tasks write to."""
    secret_arns: Sequence[str]
    """ARNs of the secrets and parameters that ECS passes to the tasks."""
    secret_keys: Sequence[str] = ()
    """ARNs of the customer-managed KMS keys that encrypt them. A key of AWS needs no permission."""
    path: str = "/"
    """Path of both roles, with a slash at both ends. Policies can name all roles below a path."""
    permissions_boundary: str | None = None
    """ARN of the policy that limits what both roles can do; None for none."""


class Roles(pulumi.ComponentResource):
    """The two IAM roles of an ECS task (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html)."""

    execution_role_arn: pulumi.Output[str]
    """Role that ECS uses to start a task: it pulls the image, reads the secrets and writes the logs."""
    task_role_arn: pulumi.Output[str]
    """Role of the container itself; it has no permissions."""

    def __init__(self, name: str, args: RolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:roles:Roles", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        execution, task = _role(f"{name}-execution", args, child), _role(f"{name}-task", args, child)
        policy = iam.RolePolicy(
            f"{name}-execution",
            role=execution.name,
            policy=pulumi.Output.all(args.repository_arn, args.log_group_arn).apply(
                lambda arns: execution_policy(arns[0], arns[1], args.secret_arns, args.secret_keys)
            ),
            opts=child,
        )
        # A task cannot start before the role has its policy, so the ARN is known only after the policy exists.
        self.execution_role_arn = pulumi.Output.all(execution.arn, policy.id).apply(lambda values: str(values[0]))
        self.task_role_arn = task.arn
        self.register_outputs({"execution_role_arn": self.execution_role_arn, "task_role_arn": self.task_role_arn})


def _role(name: str, args: RolesArgs, opts: pulumi.ResourceOptions) -> iam.Role:
    return iam.Role(
        name,
        assume_role_policy=_ASSUMED_BY_TASKS,
        path=args.path,
        permissions_boundary=args.permissions_boundary,
        opts=opts,
    )


def execution_policy(
    repository_arn: str, log_group_arn: str, secret_arns: Sequence[str], secret_keys: Sequence[str] = ()
) -> str:
    """Return the least permissions that ECS needs to start a task
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html)."""
    statements = [
        # IAM does not support resources for this action: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        _allow(["ecr:GetAuthorizationToken"], ["*"]),
        _allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"], [repository_arn]
        ),
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"]),
    ]
    secrets = sorted({_unversioned_secret(arn) for arn in secret_arns if ":secretsmanager:" in arn})
    parameters = sorted({arn for arn in secret_arns if ":ssm:" in arn})
    if secrets:
        statements.append(_allow(["secretsmanager:GetSecretValue"], secrets))
    if parameters:
        statements.append(_allow(["ssm:GetParameters"], parameters))
    if secret_keys:
        statements.append(_allow(["kms:Decrypt"], sorted(secret_keys)))
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow(actions: list[str], resources: list[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _unversioned_secret(arn: str) -> str:
    """A task definition can append `:json-key:version-stage:version-id`; IAM uses the first seven parts only."""
    return ":".join(arn.split(":")[:7])
