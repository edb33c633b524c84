"""The permissions boundary of the releases' roles: no role that a deployment makes can do more than this."""

from cutover.config import EnvironmentConfig
from cutover.permissions.documents import Document, Statement, document
from cutover.permissions.names import Names


def boundary_document(config: EnvironmentConfig) -> Document:
    """Allow what ECS needs to start a task: pull images, write logs, and read the secrets of the file's account."""
    names = Names(config)
    statements = (
        # IAM has no resources for this action.
        Statement("Registry", ("ecr:GetAuthorizationToken",), ("*",)),
        Statement(
            "PullImages",
            ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            _registries(names),
        ),
        Statement(
            "WriteLogs",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            (names.arn("logs", f"log-group:{names.release}"),),
        ),
        *_secrets(names),
    )
    return document([statement.as_json() for statement in statements])


def _registries(names: Names) -> tuple[str, ...]:
    """The repositories of the environment's account, and those of the account that the image is in."""
    theirs = names.repository.rpartition(":repository/")[0]
    return tuple(sorted({names.arn("ecr", "repository/*"), f"{theirs}:repository/*"}))


def _secrets(names: Names) -> tuple[Statement, ...]:
    statements = []
    if names.secrets:
        statements.append(Statement("ReadSecrets", ("secretsmanager:GetSecretValue",), names.secrets))
    if names.parameters:
        statements.append(Statement("ReadParameters", ("ssm:GetParameters",), names.parameters))
    if statements:
        region = names.config.provider.region
        via = tuple(f"{service}.{region}.amazonaws.com" for service in ("secretsmanager", "ssm"))
        keys, only_for_secrets = (names.arn("kms", "key/*"),), {"StringEquals": {"kms:ViaService": via}}
        statements.append(Statement("DecryptSecrets", ("kms:Decrypt",), keys, only_for_secrets))
    return tuple(statements)
