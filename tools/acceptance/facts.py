"""Facts of AWS that cutover relies on, each read from the account at the moment when it can be seen.

A check returns what it observed. It raises `Different` if AWS or cutover behaves in another way, and `NotObserved` if
this account cannot show it. The number in brackets is the row of docs/aws-behaviour.md.
"""

from collections.abc import Callable, Sequence

from tools.acceptance import balancer, services, storage
from tools.acceptance.project import Project
from tools.acceptance.report import Report
from tools.acceptance.world import Different, NotObserved, World

Fact = tuple[str, Callable[[World], str]]

AFTER_BOOTSTRAP: tuple[Fact, ...] = (
    ("a listener without weights answers 503", balancer.answers_503),
    ("the load balancer is protected from deletion", balancer.is_protected),
    ("the load balancer sends to the subnets of the tasks only (14)", balancer.egress_is_narrow),
    ("both tables have point-in-time recovery and deletion protection as configured", storage.tables_are_protected),
    ("the artifact bucket is versioned, encrypted and not public", storage.bucket_is_private),
    ("an item above 400 KB is refused (17)", storage.large_item_is_refused),
)
AFTER_FIRST_RELEASE: tuple[Fact, ...] = (
    ("running tasks are the desired ones (4)", services.runs_what_is_desired),
    ("the deployment of the service is PRIMARY and COMPLETED (9)", services.deployment_is_completed),
    ("ListTasks lists the running tasks (9)", services.tasks_are_listed),
    ("the service has the rebalancing of availability zones that was set (6)", services.rebalancing_is_set),
    ("what runs is an image by digest", services.image_is_a_digest),
    ("the root file system is read-only and the user is not root (7)", services.container_is_confined),
    ("no task has a public address", services.no_public_address),
    ("the roles have cutover's path (3)", services.roles_have_a_path),
    ("the logs have their retention", services.logs_have_retention),
    ("only the load balancer reaches the tasks", balancer.tasks_admit_the_load_balancer_only),
    ("every target is healthy", balancer.every_target_is_healthy),
    ("users reach the release", balancer.users_reach_the_newest),
    ("the listener has the recorded weights (11)", balancer.listener_is_as_recorded),
)
DURING_CANARY: tuple[Fact, ...] = (
    ("the weights are 80 and 20", balancer.weights_are((80, 20))),
    ("about 20 % of the requests reach the candidate (12)", balancer.share_is_about(20)),
    ("the test header reaches the candidate", balancer.test_header_reaches_the_candidate),
    ("the rule of the test traffic has a priority of its own (13)", balancer.priorities_differ),
)
AFTER_PROMOTION: tuple[Fact, ...] = (
    ("all traffic is on one release", balancer.weights_are((100,))),
    ("the service of the former release is gone or INACTIVE (8)", services.former_services_are_gone),
    ("its stopped tasks name a stop code of ECS, not of the application (5)", services.stop_codes_are_of_ecs),
)
AFTER_ABORT: tuple[Fact, ...] = (
    ("all traffic is back on the last good release", balancer.weights_are((100,))),
    ("the listener has the recorded weights", balancer.listener_is_as_recorded),
    ("requests are counted in minutes of the target group (15)", storage.requests_are_counted),
    ("a metric with nothing to count has no data, not zero (16)", storage.nothing_counted_is_absent),
)
AFTER_FAILURE: tuple[Fact, ...] = (
    ("users still reach the last good release", balancer.users_reach_the_newest),
    ("the records have the reason and the verdicts", storage.failure_is_recorded),
)
AFTER_ROLLBACK: tuple[Fact, ...] = (
    ("all traffic is on the release that was rolled back to", balancer.weights_are((100,))),
    ("its stack was created again with the same image", services.image_is_a_digest),
)
AFTER_DESTROY: tuple[Fact, ...] = (
    ("no load balancer, target group or security group is left", balancer.nothing_is_left),
    ("no active cluster and no role is left", services.nothing_is_left),
)


def check(project: Project, report: Report, when: str, facts: Sequence[Fact]) -> None:
    """Check each fact and add it to the report; a call that fails is a fact that was not observed."""
    world = World(project)
    for name, observe in facts:
        try:
            report.fact(when, name, "as expected", observe(world))
        except Different as different:
            report.fact(when, name, "different", str(different))
        except NotObserved as hidden:
            report.fact(when, name, "not observed", str(hidden))
        except Exception as error:  # noqa: BLE001  a denied or unknown call says nothing about the fact
            report.fact(when, name, "not observed", f"{type(error).__name__}: {error}"[:200])
