"""What the simulation has found in the core, each as a short sequence of its own."""

from cutover.domain import ReleaseState, Status
from support.simulation import Case, Simulation, run_case, settle
from support.simulation.fast import DRAIN
from support.simulation.simulation import CREATE_SECONDS, DESTROY_SECONDS


def weights_of(simulation: Simulation) -> dict[str, int]:
    """Version → percent, at the listener."""
    return {arn.split("-")[1]: weight for arn, weight in simulation.world.weights.items()}


def test_margin_and_drain_count_from_the_end_of_the_write_and_not_from_its_record(simulation: Simulation) -> None:
    simulation.start("deploy", "v2", "recreate")
    simulation.run_to("writes the weights")
    moved_at = simulation.scheduler.now
    simulation.run_to("intent Scale")
    assert simulation.scheduler.now - moved_at >= 2.0, "the drain of 2 s"


def test_two_kills_between_record_and_write_of_the_weights_are_no_change_by_hand(simulation: Simulation) -> None:
    for verb in ("deploy", "resume"):
        process = simulation.start(verb, "v2")
        simulation.run_to("records weights")
        simulation.kill(process)
    simulation.start("resume", "v2")
    simulation.finish()
    assert weights_of(simulation) == {"v2": 100}
    assert not any("changed outside cutover" in line for line in simulation.trace)


def test_weights_that_a_former_driver_writes_during_the_way_back_are_taken_back(simulation: Simulation) -> None:
    former = simulation.start("deploy", "v2")
    simulation.run_to("records weights")
    simulation.start("take-over")
    former.frozen_until = simulation.scheduler.now + 30
    simulation.run_to("records intent Drain")
    former.frozen_until = 0.0
    simulation.finish()
    settle(simulation)
    assert weights_of(simulation) == {"v1": 100}
    assert set(simulation.ledger.heads["prod-2"].warnings) == set()


def test_a_first_release_that_a_former_driver_gives_traffic_to_during_the_way_back_loses_it(
    simulation: Simulation,
) -> None:
    simulation.close()
    first = Simulation()
    former = first.start("deploy", "v1")
    first.run_to("records weights")
    first.start("take-over")
    former.frozen_until = first.scheduler.now + 30
    first.run_to("records intent Drain")
    former.frozen_until = 0.0
    first.finish()
    settle(first)
    assert first.world.weights == {}
    assert first.world.stacks == {}
    first.close()


def test_an_abort_during_a_destroy_does_not_lose_the_record_of_the_destroy(simulation: Simulation) -> None:
    simulation.retention = "cold"
    simulation.start("deploy", "v2")
    simulation.run_to("intent Retire")
    while not simulation.world.pending:
        simulation.run(1)
    simulation.start("abort")
    simulation.finish()
    (v1,) = simulation.ledger.releases_of("v1")
    assert weights_of(simulation) == {"v1": 100}
    assert v1.state is ReleaseState.READY
    assert v1.ref.release in simulation.world.stacks
    settle(simulation)


def test_a_rollback_does_not_start_beside_a_deployment_that_was_submitted_in_the_meantime(
    simulation: Simulation,
) -> None:
    simulation.start("deploy", "v2")
    simulation.finish()
    submit, rollback = simulation.start("submit", "v3"), simulation.start("rollback")
    simulation.run(3, 1)
    simulation.finish(submit)
    simulation.finish(rollback)
    assert rollback.ended.startswith("Refused EXECUTION_UNFINISHED")


def test_an_abort_does_not_stop_a_rollback_on_request_and_ends_its_pause(simulation: Simulation) -> None:
    simulation.start("deploy", "v2")
    simulation.finish()
    rollback = simulation.start("rollback")
    simulation.run_to("records started")
    simulation.start("pause")
    simulation.run_to("paused by")
    simulation.start("abort")
    simulation.finish()
    assert rollback.ended == "COMPLETED"
    assert weights_of(simulation) == {"v1": 100}
    assert [name.split("-")[1] for name in simulation.ledger.good().names] == ["v1"]


def test_a_rollback_creates_again_what_a_driver_without_its_lease_destroyed(simulation: Simulation) -> None:
    simulation.start("deploy", "v2")
    simulation.finish()
    simulation.world.services.clear()
    simulation.world.unfinished |= {n: m for n, m in simulation.world.stacks.items() if m.version == "v1"}
    simulation.world.stacks = {n: m for n, m in simulation.world.stacks.items() if m.version != "v1"}
    rollback = simulation.start("rollback")
    simulation.finish()
    assert rollback.ended == "COMPLETED"
    assert weights_of(simulation) == {"v1": 100}


def test_weights_that_are_restored_after_the_drain_are_drained_again(simulation: Simulation) -> None:
    simulation.start("deploy", "v2")
    simulation.run_to("intent Bake")
    simulation.start("abort")
    simulation.run_to("intent Scale scale")
    v1, v2 = (f"tg/{simulation.world.release_with(version)}" for version in ("v1", "v2"))
    simulation.world.edit_by_hand({v1: 95, v2: 5})
    simulation.run_to("writes the weights")
    restored_at = simulation.scheduler.now
    simulation.run_to("is destroyed")
    assert simulation.scheduler.now - restored_at >= DRAIN + DESTROY_SECONDS + CREATE_SECONDS
    simulation.finish()
    assert simulation.processes[1].ended == "ROLLED_BACK"


def test_weights_that_another_driver_restored_just_now_are_drained_too(simulation: Simulation) -> None:
    driver = simulation.start("deploy", "v2")
    simulation.run_to("intent Bake")
    simulation.start("abort")
    simulation.run_to("intent Scale scale")
    v1, v2 = (f"tg/{simulation.world.release_with(version)}" for version in ("v1", "v2"))
    simulation.world.edit_by_hand({v1: 95, v2: 5})
    simulation.run_to("writes the weights")
    driver.signalled = True
    simulation.finish()
    assert driver.ended.startswith("Interrupted")
    resumed_at = simulation.scheduler.now
    simulation.start("resume")
    simulation.run_to("intent Retire destroy the stack")
    assert simulation.scheduler.now - resumed_at >= DRAIN


def test_weights_that_the_update_of_the_listener_takes_from_the_candidate_are_drained(simulation: Simulation) -> None:
    simulation.start("deploy", "v2")
    simulation.run_to("intent AwaitHealthy")
    v1, v2 = (f"tg/{simulation.world.release_with(version)}" for version in ("v1", "v2"))
    simulation.world.edit_by_hand({v1: 95, v2: 5})
    simulation.run_to("records paused")
    simulation.flap("v1", "unhealthy")
    simulation.start("abort")
    simulation.run_to("intent ShiftBack shift")
    simulation.flap("v1", "good")
    simulation.run_to("writes the weights")
    taken_at = simulation.scheduler.now
    simulation.run_to("the desired count of")
    assert simulation.scheduler.now - taken_at >= DRAIN


def test_a_request_between_look_and_record_is_processed_before_the_weights_of_a_rollback(
    simulation: Simulation,
) -> None:
    simulation.start("deploy", "v2")
    simulation.finish()
    simulation.start("rollback")
    simulation.run_to("intent ShiftBack")
    simulation.start("pause")
    simulation.run(8, 1)
    simulation.run_to("paused by")
    assert weights_of(simulation) == {"v2": 100}


def test_a_resume_takes_over_from_a_driver_that_died_after_it_had_read_the_same_request(
    simulation: Simulation,
) -> None:
    driver = simulation.start("deploy", "v2", "approve")
    simulation.run_to("waits for a person")
    simulation.finish(simulation.start("resume"))
    simulation.kill(driver)
    resume = simulation.start("resume")
    simulation.run_to("resumed by")
    assert resume.ended == ""


def test_a_way_back_whose_write_was_refused_believes_the_listener_and_not_its_record(simulation: Simulation) -> None:
    simulation.start("deploy", "v2")
    simulation.run_to("intent Bake")
    simulation.start("abort")
    simulation.run_to("records request")
    simulation.world.delete_group("v1")
    simulation.finish()
    simulation.world.deleted_groups.clear()
    simulation.world.set_behaviour("v1", "unhealthy")
    simulation.start("resume")
    simulation.finish()
    assert weights_of(simulation) == {"v2": 100}, "v1 has no healthy target"
    assert simulation.ledger.allocation().positive() == simulation.world.weights


def test_a_release_whose_destroy_has_begun_is_created_again_before_it_gets_its_traffic_back(
    simulation: Simulation,
) -> None:
    simulation.retention = "cold"
    driver = simulation.start("deploy", "v2")
    simulation.run_to("intent Retire")
    while not simulation.world.pending:
        simulation.run(1)
    simulation.start("take-over")
    simulation.finish()
    assert driver.ended.startswith("LeaseLost")
    assert weights_of(simulation) == {"v1": 100}
    settle(simulation)


def test_an_effect_on_another_release_that_could_not_be_recorded_does_not_leave_it_ready(
    simulation: Simulation,
) -> None:
    for version in ("v2", "v3"):
        former = simulation.start("deploy", version)
        if version == "v2":
            simulation.finish()
    simulation.run_to("intent Retire")
    while not simulation.world.unfinished:
        simulation.run(1)
    simulation.kill(former)
    simulation.start("abort")
    simulation.finish()
    (v1,) = simulation.ledger.releases_of("v1")
    assert v1.state is not ReleaseState.READY
    assert weights_of(simulation) == {"v2": 100}
    settle(simulation)


def test_live_weights_that_no_later_step_corrects_are_not_accepted(simulation: Simulation) -> None:
    simulation.start("deploy", "v2")
    simulation.finish()
    simulation.start("deploy", "v3")
    simulation.run_to("intent Bake")
    v1, v3 = (f"tg/{simulation.world.release_with(version)}" for version in ("v1", "v3"))
    simulation.world.edit_by_hand({v1: 95, v3: 5})
    simulation.run_to("records paused")
    simulation.start("accept-live")
    simulation.run_to("cannot be accepted")
    assert simulation.ledger.allocation().positive() == {v3: 100}
    simulation.start("abort")
    simulation.finish()
    assert weights_of(simulation) == {"v2": 100}


def test_the_reason_why_a_way_back_failed_is_reported_and_not_the_first_failure_twice(simulation: Simulation) -> None:
    simulation.start("deploy", "v2")
    simulation.run_to("intent Bake")
    simulation.start("abort")
    simulation.run_to("records request")
    simulation.world.delete_group("v1")
    simulation.finish()
    head = simulation.ledger.heads["prod-2"]
    assert head.status is Status.FAILED
    assert head.error is not None
    assert "TargetGroupNotFound" in head.error.message


def test_a_release_whose_destroy_was_given_up_gets_all_its_tasks_back() -> None:
    directives = (
        ("start", "deploy", "v1", "rolling", 0.0, "wait"),
        ("run", 424, 0),
        ("start", "deploy", "v2", "rolling", 0.0, "wait"),
        ("run", 600, 1),
        ("run", 83, 2),
        ("terminate", 0),
        ("freeze", 0, 15.0),
        ("run", 600, 0),
        ("edit", "v2", "v1", 5),
    )
    run_case(Case(gates="metric", retention="cold", on_drift="stop", directives=directives))


def test_gc_does_not_hide_a_failed_deployment_that_left_traffic_on_a_release_it_had_superseded() -> None:
    directives = (
        ("start", "deploy", "v1", "canary", 0.0, "wait"),
        ("run", 581, 0),
        ("flap", "v1", "crash"),
        ("start", "deploy", "v3", "recreate", 0.0, "leave"),
        ("run", 900, 3),
        ("behave", "v5", "unhealthy"),
        ("start", "supersede", "v5", "blue-green", 0.0, "wait"),
        ("run", 900, 1),
        ("run", 900, 3),
        ("run", 600, 0),
        ("start", "gc", "v6", "rolling", 0.0, "wait"),
    )
    run_case(Case(gates="alarm", retention="cold", on_drift="restore", directives=directives))


def test_a_rollback_does_not_undo_a_move_by_hand_away_from_a_last_good_release_that_is_dead() -> None:
    directives = (
        ("start", "deploy", "v3", "recreate", 0.0, "wait"),
        ("run", 431, 0),
        ("start", "deploy", "v4", "blue-green", 0.0, "wait"),
        ("run", 600, 0),
        ("start", "rollback", "v4", "recreate", -300.0, "wait"),
        ("run", 158, 2),
        ("flap", "v3", "crash"),
        ("run", 160, 0),
        ("edit", "v4", "v3", 100),
        ("start", "rollback", "v6", "linear", 0.0, "wait"),
        ("run", 600, 3),
    )
    run_case(Case(gates="metric", retention="cold", on_drift="restore", directives=directives))


def test_a_rollback_that_restored_weights_decides_anew_before_it_writes() -> None:
    directives = (
        ("start", "deploy", "v1", "approve", 0.0, "wait"),
        ("run", 429, 0),
        ("start", "deploy", "v2", "drill", -300.0, "wait"),
        ("run", 600, 0),
        ("run", 600, 1),
        ("start", "deploy", "v3", "blue-green", 300.0, "wait"),
        ("run", 600, 2),
        ("start", "rollback", "v3", "canary", 0.0, "wait"),
        ("run", 900, 3),
        ("edit", "v3", "v2", 100),
        ("start", "rollback-to", "v1", "canary", 0.0, "wait"),
    )
    run_case(Case(gates="health", retention="cold", on_drift="stop", directives=directives))


def test_a_gate_that_fails_during_the_clean_up_keeps_the_former_release() -> None:
    directives = (
        ("start", "deploy", "v1", "rolling", 0.0, "wait"),
        ("run", 427, 0),
        ("start", "deploy", "v5", "drill", 300.0, "wait"),
        ("run", 600, 3),
        ("start", "pause", "v5", "recreate", 0.0, "wait"),
        ("run", 63, 1),
        ("start", "promote", "v5", "drill", 0.0, "wait"),
        ("run", 18, 3),
        ("run", 3, 0),
        ("run", 3, 3),
        ("start", "pause", "v5", "rolling", 0.0, "wait"),
        ("run", 900, 2),
    )
    simulation = run_case(Case(gates="metric", retention="warm", on_drift="stop", directives=directives))
    (warning,) = simulation.ledger.heads["prod-2"].warnings
    assert warning.endswith("the former releases stay for `cutover rollback`")
    assert simulation.ledger.heads["prod-2"].status is Status.COMPLETED
