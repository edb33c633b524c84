"""What a killed driver, engine or plugin left in AWS is deleted, whenever the next drivers are killed too."""

import contextlib
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cutover.adapters.stacks import releases
from cutover.adapters.stacks.workspaces import Workspaces
from cutover.domain import Allocation, Release
from cutover.domain.errors import Interrupted, StepFailed, TransientFailure
from cutover.localcloud.faults import UNAVAILABLE, Fault
from cutover.localcloud.server import LocalCloud
from support.contract_stacks import LocalContractStacks, local_environment
from support.leftovers import named_after

pytestmark = pytest.mark.engine
_numbers = count(1)


class Killed(BaseException):
    """The driver ends here: no handler of an error runs."""


@pytest.fixture(scope="module")
def account(cloud: LocalCloud, state_dir: Path) -> Iterator[LocalContractStacks]:
    """An account with an environment."""
    with local_environment(cloud, state_dir) as local:
        yield local


@pytest.fixture
def release(account: LocalContractStacks) -> Release:
    """A release whose creation stopped halfway, with a resource of each kind that no state knows."""
    release = account.release(f"v{next(_numbers)}")
    with pytest.raises(Interrupted):
        account.interrupt_creation(release)
    create_orphans(account, release)
    return release


def create_orphans(account: LocalContractStacks, release: Release) -> None:
    """Create what a plugin creates whose engine was killed before it wrote the ids into the state."""
    prefix, session = release.ref.resource_prefix("shop"), account.session
    network, name = release.manifest.network, f"{prefix}-0000000"
    session.logs.create_log_group(logGroupName=name)
    session.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    statement = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    session.iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy)
    session.ec2.create_security_group(GroupName=name, Description=name, VpcId=network.vpc_id)
    # AWS deletes no role that has a policy.
    for role in _named(session.iam.list_roles()["Roles"], "RoleName", prefix):
        session.iam.put_role_policy(RoleName=role["RoleName"], PolicyName=name, PolicyDocument=policy)
    session.elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=network.vpc_id, TargetType="ip")
    groups = session.elbv2.describe_target_groups()["TargetGroups"]
    (known,) = _named(groups, "TargetGroupName", f"{prefix}-tg")
    header: Any = {"HttpHeaderName": "X-Cutover-Release", "Values": [release.ref.digest8]}
    session.elbv2.create_rule(
        ListenerArn=network.listener_arn,
        Priority=900 + next(_numbers),
        Conditions=[{"Field": "http-header", "HttpHeaderConfig": header}],
        Actions=[{"Type": "forward", "TargetGroupArn": known["TargetGroupArn"]}],
    )
    session.ecs.create_cluster(clusterName=name)
    container: Any = {"name": "app", "image": release.manifest.container.image, "memory": 128}
    session.ecs.register_task_definition(family=prefix, containerDefinitions=[container])


def _named(resources: Any, key: str, prefix: str) -> list[Any]:
    return [resource for resource in resources if resource[key].startswith(prefix)]


def kill_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Kill the driver after its first call of a function."""
    real: Callable[..., object] = getattr(owner, name)

    def call_and_die(*arguments: object, **options: object) -> None:
        real(*arguments, **options)
        raise Killed

    monkeypatch.setattr(owner, name, call_and_die)


@pytest.mark.parametrize("point", ["nothing", "the first sweep", "the destroy", "the last sweep"])
def test_a_destroy_that_is_killed_at_any_point_and_repeated_leaves_nothing(
    account: LocalContractStacks, release: Release, point: str
) -> None:
    with contextlib.suppress(Killed), pytest.MonkeyPatch.context() as patch:
        match point:
            case "nothing":
                pass
            case "the first sweep":
                kill_after(patch, releases, "sweep")
            case "the destroy":
                kill_after(patch, releases, "attempt")
            case "the last sweep":
                patch.setattr(Workspaces, "remove", lambda *_: (_ for _ in ()).throw(Killed))
        account.stacks.destroy_release(release)
    account.stacks.destroy_release(release)
    assert named_after(release.ref, "shop", account.session) == []
    assert not account.state_file(release.ref.release).exists()


def test_a_creation_that_continues_deletes_what_the_one_before_left_so_that_the_usual_destroy_leaves_nothing(
    account: LocalContractStacks, release: Release
) -> None:
    account.stacks.create_release(release, 1)
    orphans = [name for name in named_after(release.ref, "shop", account.session) if name.endswith("-0000000")]
    assert orphans == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "sweep", lambda *_, **__: pytest.fail("the destroy of a whole stack swept"))
        account.stacks.destroy_release(release)
    assert named_after(release.ref, "shop", account.session) == []


def test_a_creation_that_a_kill_cut_off_is_remembered_until_the_stack_is_removed(
    account: LocalContractStacks, release: Release
) -> None:
    account.stacks.create_release(release, 1)
    account.leave_pending(release.ref.release, "creating", "aws:cloudwatch/logGroup:LogGroup")
    assert account.stacks.release_exists(release.ref)
    # The plugin of the killed engine created this one after the next driver had looked.
    account.session.logs.create_log_group(logGroupName=f"{release.ref.resource_prefix('shop')}-late")
    account.stacks.destroy_release(release)
    assert named_after(release.ref, "shop", account.session) == []


def test_a_creation_continues_although_a_service_and_a_rule_exist_that_the_state_does_not_know(
    account: LocalContractStacks,
) -> None:
    release = account.release(f"v{next(_numbers)}")
    before = account.stacks.create_release(release, 1)
    account.forget(
        release.ref.release, "aws:ecs/service:Service", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    )
    after = account.stacks.create_release(release, 1)
    assert (after.cluster_arn, after.security_group_id) == (before.cluster_arn, before.security_group_id)
    unknown = account.compute.service(before)
    assert unknown is None or unknown.status == "DRAINING"


def test_a_service_whose_answer_was_lost_is_created_again_by_the_next_attempts(account: LocalContractStacks) -> None:
    release = account.release(f"v{next(_numbers)}")
    account.cloud.faults.add(Fault("ecs", UNAVAILABLE, "CreateService", after_effect=True))
    with pytest.raises(TransientFailure) as failed:
        account.stacks.create_release(release, 1)
    assert failed.value.code == "SERVICE_LEFT_BEHIND"
    for _ in range(20):
        # Its tasks drain first.
        with contextlib.suppress(TransientFailure):
            outputs = account.stacks.create_release(release, 1)
            break
    service = account.compute.service(outputs)
    assert service is not None
    assert (service.status, service.desired) == ("ACTIVE", 1)


def test_a_deletion_that_a_kill_cut_off_after_its_effect_is_made_good_by_a_creation(
    account: LocalContractStacks,
) -> None:
    release = account.release(f"v{next(_numbers)}")
    outputs = account.stacks.create_release(release, 1)
    account.leave_pending_operation(release)
    account.session.ecs.delete_service(cluster=outputs.cluster_arn, service=outputs.service_name, force=True)
    again = account.stacks.create_release(release, 1)
    service = account.compute.service(again)
    assert service is not None
    assert service.status == "ACTIVE"
    assert again.target_group_arn == outputs.target_group_arn


def test_a_change_of_weights_that_a_kill_cut_off_neither_hides_the_environment_nor_stops_the_next_one(
    account: LocalContractStacks,
) -> None:
    before = account.stacks.environment()
    account.leave_pending("local", "updating", "aws:lb/listener:Listener")
    assert account.stacks.environment() == before
    account.stacks.apply_allocation(Allocation(maintenance="back at seven"))
    assert account.traffic.weights(before.listener_arn) == {}


def test_neither_a_creation_nor_a_destroy_deletes_an_unknown_service_of_a_release_with_traffic(
    account: LocalContractStacks, release: Release
) -> None:
    (known, *_) = [name for name in named_after(release.ref, "shop", account.session) if "-tg-" in name]
    groups = account.session.elbv2.describe_target_groups(Names=[known])["TargetGroups"]
    action: Any = {"Type": "forward", "TargetGroupArn": groups[0]["TargetGroupArn"]}
    listener = account.stacks.environment().listener_arn
    account.session.elbv2.modify_listener(ListenerArn=listener, DefaultActions=[action])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "sweep", lambda *_, **__: pytest.fail("swept a release with traffic"))
        with pytest.raises(StepFailed) as refused:
            account.stacks.destroy_release(release)
        assert refused.value.code == "HAS_TRAFFIC"
        account.stacks.create_release(release, 1)
