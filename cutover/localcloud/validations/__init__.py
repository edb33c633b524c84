"""What AWS refuses and moto lets pass: a table of rules, each a function of the call and moto's models."""

from collections.abc import Callable

from cutover.localcloud.backends import Call, Refusal
from cutover.localcloud.validations import ec2, ecs, elbv2

Rule = Callable[[Call], Refusal | None]

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("elasticloadbalancing", "CreateListener"): (elbv2.bad_forward, elbv2.https_without_certificate),
    ("elasticloadbalancing", "ModifyListener"): (elbv2.bad_forward, elbv2.https_without_certificate),
    ("elasticloadbalancing", "CreateRule"): (elbv2.bad_forward,),
    ("elasticloadbalancing", "ModifyRule"): (elbv2.bad_forward,),
    ("ec2", "DeleteSecurityGroup"): (ec2.security_group_in_use,),
    ("ecs", "CreateService"): (ecs.target_group_without_load_balancer,),
    ("ecs", "DeleteCluster"): (ecs.cluster_in_use,),
    ("ecs", "RegisterTaskDefinition"): (ecs.impossible_fargate_size,),
}


def refusal_of(call: Call) -> Refusal | None:
    """The first rule's refusal of this call; None when AWS would let it pass."""
    for rule in RULES.get((call.service, call.action), ()):
        if (refusal := rule(call)) is not None:
            return refusal
    return None
