"""Checks that AWS makes and moto does not: a table of validations, each a function of the call and moto's models."""

from collections.abc import Callable

from cutover.localcloud.backends import AwsError, Call
from cutover.localcloud.validations import ec2, ecs, elbv2, s3, secretsmanager, sns

Validation = Callable[[Call], AwsError | None]

VALIDATIONS: dict[tuple[str, str], tuple[Validation, ...]] = {
    ("elasticloadbalancing", "CreateListener"): (elbv2.validate_forward, elbv2.validate_certificate),
    ("elasticloadbalancing", "ModifyListener"): (elbv2.validate_forward, elbv2.validate_certificate),
    ("elasticloadbalancing", "CreateRule"): (elbv2.validate_forward, elbv2.validate_number_of_rules),
    ("elasticloadbalancing", "ModifyRule"): (elbv2.validate_forward,),
    ("elasticloadbalancing", "DeleteLoadBalancer"): (elbv2.validate_unprotected,),
    ("ec2", "DeleteSecurityGroup"): (ec2.validate_group_unused,),
    ("s3", ""): (s3.validate_expected_owner,),
    ("ecs", "CreateService"): (ecs.validate_target_groups,),
    ("ecs", "DeleteCluster"): (ecs.validate_cluster_empty,),
    ("ecs", "RegisterTaskDefinition"): (ecs.validate_fargate_size,),
    ("sns", "Publish"): (sns.validate_subject,),
    ("secretsmanager", "UpdateSecretVersionStage"): (secretsmanager.validate_number_of_labels,),
}


def validate(call: Call) -> AwsError | None:
    """Return the first error that AWS would answer to this call, or None if it is valid."""
    for validation in VALIDATIONS.get((call.service, call.action), ()):
        if (error := validation(call)) is not None:
            return error
    return None
