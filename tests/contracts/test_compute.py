"""The contract of the Compute port, on the fake and on the local cloud's ECS."""

import pytest

from cutover.domain.errors import StepFailed
from cutover.ports import ServiceState
from support.contract_cloud import ContractCloud, ContractRelease


def service_of(cloud: ContractCloud, release: ContractRelease) -> ServiceState:
    service = cloud.compute.service(release.outputs)
    assert service is not None
    return service


@pytest.fixture(scope="module")
def completed(contract_cloud: ContractCloud) -> ContractRelease:
    """A release whose two tasks are healthy."""
    release = contract_cloud.create_release(desired_count=2)
    contract_cloud.wait_until(lambda: service_of(contract_cloud, release).rollout_state == "COMPLETED")
    return release


def test_a_service_that_ecs_does_not_know_is_none(contract_cloud: ContractCloud, completed: ContractRelease) -> None:
    for field in ("service_name", "cluster_arn"):
        unknown = completed.outputs.model_copy(update={field: "unknown", "service_name": "unknown"})
        assert contract_cloud.compute.service(unknown) is None


def test_scaling_a_service_that_ecs_does_not_know_fails(
    contract_cloud: ContractCloud, completed: ContractRelease
) -> None:
    unknown = completed.outputs.model_copy(update={"service_name": "unknown"})
    with pytest.raises(StepFailed, match="ServiceNotFound"):
        contract_cloud.compute.scale(unknown, 1)


def test_tasks_are_pending_and_then_run_before_the_rollout_is_completed(contract_cloud: ContractCloud) -> None:
    release = contract_cloud.create_release()
    observed: list[tuple[int, int, str]] = []

    def is_completed() -> bool:
        service = service_of(contract_cloud, release)
        assert service.running_on_task_definition == service.running
        observed.append((service.pending, service.running, service.rollout_state))
        return service.rollout_state == "COMPLETED"

    contract_cloud.wait_until(is_completed)
    # ECS may not have started the task when the first call answers.
    states = [state for state in dict.fromkeys(observed) if state != (0, 0, "IN_PROGRESS")]
    assert states == [(1, 0, "IN_PROGRESS"), (0, 1, "IN_PROGRESS"), (0, 1, "COMPLETED")]


def test_a_service_is_active_and_counts_its_tasks(contract_cloud: ContractCloud, completed: ContractRelease) -> None:
    service = service_of(contract_cloud, completed)
    assert (service.status, service.desired, service.running, service.pending) == ("ACTIVE", 2, 2, 0)
    assert (service.failed_tasks, service.stopped) == (0, ())


def test_the_rollout_of_an_unhealthy_release_is_not_completed(contract_cloud: ContractCloud) -> None:
    release = contract_cloud.create_release("unhealthy")
    group = release.outputs.target_group_arn
    contract_cloud.wait_until(lambda: [t.state for t in contract_cloud.traffic.target_health(group)] == ["unhealthy"])
    service = service_of(contract_cloud, release)
    assert (service.running, service.rollout_state) == (1, "IN_PROGRESS")


def test_the_desired_count_is_read_back_at_once_and_the_tasks_start_later(
    contract_cloud: ContractCloud, completed: ContractRelease
) -> None:
    contract_cloud.compute.scale(completed.outputs, 3)
    service = service_of(contract_cloud, completed)
    assert service.desired == 3
    assert service.running < 3
    assert service.rollout_state == "COMPLETED", "a change of the desired count is no new deployment"
    contract_cloud.wait_until(lambda: service_of(contract_cloud, completed).running == 3)


def test_a_service_that_is_scaled_to_0_runs_nothing_and_its_tasks_say_why_they_stopped(
    contract_cloud: ContractCloud,
) -> None:
    release = contract_cloud.create_release()
    contract_cloud.wait_until(lambda: service_of(contract_cloud, release).rollout_state == "COMPLETED")
    contract_cloud.compute.scale(release.outputs, 0)
    contract_cloud.wait_until(lambda: len(service_of(contract_cloud, release).stopped) == 1)
    service = service_of(contract_cloud, release)
    assert (service.status, service.desired, service.running, service.pending) == ("ACTIVE", 0, 0, 0)
    (task,) = service.stopped
    assert task.stopped_reason.startswith("Scaling activity initiated by (deployment ecs-svc/")
    assert task.exit_code == 0
    assert task.stopped_at is not None
    assert task.stopped_at <= contract_cloud.now()
    assert task.stop_code == "ServiceSchedulerInitiated"


def test_a_task_that_drains_or_stops_does_not_count_as_running_and_is_leaving(contract_cloud: ContractCloud) -> None:
    release = contract_cloud.create_release()
    contract_cloud.wait_until(lambda: service_of(contract_cloud, release).rollout_state == "COMPLETED")
    contract_cloud.compute.scale(release.outputs, 0)
    contract_cloud.wait_until(lambda: service_of(contract_cloud, release).running == 0)
    service = service_of(contract_cloud, release)
    assert (service.leaving, service.stopped) == (1, ())
    contract_cloud.wait_until(lambda: service_of(contract_cloud, release).leaving == 0)
    assert len(service_of(contract_cloud, release).stopped) == 1


def test_a_crash_loop_shows_its_reason_and_exit_code_and_then_fails_the_rollout(contract_cloud: ContractCloud) -> None:
    release = contract_cloud.create_release("crash")
    contract_cloud.wait_until(lambda: service_of(contract_cloud, release).rollout_state == "FAILED")
    service = service_of(contract_cloud, release)
    assert (service.desired, service.running) == (1, 0)
    assert service.failed_tasks >= 3
    assert service.rollout_reason == "ECS deployment circuit breaker: tasks failed to start."
    assert len(service.stopped) >= 3
    assert {(t.stopped_reason, t.exit_code) for t in service.stopped} == {("Essential container in task exited", 1)}
    assert {t.stop_code for t in service.stopped} == {"EssentialContainerExited"}
