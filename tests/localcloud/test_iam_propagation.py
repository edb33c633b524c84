"""New roles and policies need time, as on AWS."""

import json
from typing import Any

import boto3
from moto import mock_aws

from cutover.localcloud.agent.permissions import Permissions, at_once
from cutover.localcloud.backends import Call
from cutover.localcloud.iam_propagation import IamPropagation
from cutover.localcloud.weather import AWS, CALM, Sky, Weather
from support.local_aws import REGION

ROLE = "arn:aws:iam::123456789012:role/cutover/shop/task"
REGISTER = Call("ecs", "RegisterTaskDefinition", {"family": "shop", "taskRoleArn": ROLE}, "/")


def iam(action: str, **fields: str) -> Call:
    return Call("iam", action, {"RoleName": "task", **fields}, "/", form=True)


class World:
    """A clock that a test moves; times are seconds of AWS."""

    def __init__(self, weather: Weather) -> None:
        self.now = 0.0
        self.propagation = IamPropagation(Sky(weather, time_scale=1.0), clock=lambda: self.now)

    def code(self, call: Call) -> str | None:
        error = self.propagation.refuse(call)
        return None if error is None else error.code


def test_a_new_role_cannot_be_passed_until_its_lag_is_over() -> None:
    world = World(AWS)
    world.propagation.observe(iam("CreateRole"))
    codes = []
    for world.now in (0.0, AWS.role_lag / 2, AWS.role_lag):
        codes.append(world.code(REGISTER))
    assert codes == ["AccessDeniedException", "ClientException", None]


def test_a_role_of_before_can_be_passed_at_once() -> None:
    assert World(AWS).code(REGISTER) is None


def test_a_new_role_can_be_passed_at_once_in_calm_weather() -> None:
    world = World(CALM)
    world.propagation.observe(iam("CreateRole"))
    assert world.code(REGISTER) is None


def test_a_new_policy_has_no_effect_until_its_lag_is_over_and_a_changed_one_keeps_its_effect() -> None:
    world = World(AWS)
    world.propagation.observe(iam("PutRolePolicy", PolicyName="secrets"))
    assert not world.propagation.has_effect("task", "secrets")
    world.now = AWS.policy_lag
    assert world.propagation.has_effect("task", "secrets")
    world.propagation.observe(iam("PutRolePolicy", PolicyName="secrets"))
    assert world.propagation.has_effect("task", "secrets")


def document(effect: str, action: Any, resource: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_may_do_what_a_policy_with_effect_allows_and_none_denies() -> None:
    with mock_aws():
        client = boto3.client("iam", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
        role = client.create_role(RoleName="task", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        allow = document("Allow", "kms:*", "arn:aws:kms:*:*:key/*")
        deny = document("Deny", ["kms:Decrypt"], ["arn:aws:kms:*:*:key/other"])
        client.put_role_policy(RoleName="task", PolicyName="allow", PolicyDocument=allow)
        client.put_role_policy(RoleName="task", PolicyName="deny", PolicyDocument=deny)
        known = Permissions("123456789012", at_once)
        new = Permissions("123456789012", lambda role, policy: False)
        mine, other = "arn:aws:kms:eu-west-1:1:key/mine", "arn:aws:kms:eu-west-1:1:key/other"
        assert known.allows(role, "kms:decrypt", mine)
        assert not known.allows(role, "kms:Decrypt", other)
        assert not known.allows(role, "ssm:GetParameters", mine)
        assert not new.allows(role, "kms:Decrypt", mine)
