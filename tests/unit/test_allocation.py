"""What an allocation and an execution refuse to be, whoever makes them."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from cutover import operations
from cutover.domain import Allocation, IllegalTransition, JournalEvent, Phase, Status, Weight, broken_link, transition
from cutover.domain.execution import LEGAL_TRANSITIONS
from support.executions import newest
from support.fakes import InMemoryEnvironment


def weight(release: str, percent: int) -> Weight:
    return Weight(release=release, version=release, target_group_arn=f"tg/{release}", weight=percent)


@pytest.mark.parametrize("percents", [(50,), (50, 49), (100, 1), (0, 0)])
def test_weights_that_do_not_sum_to_100_are_no_allocation(percents: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="weights must sum to 100"):
        Allocation(weights=tuple(weight(f"v{number}", percent) for number, percent in enumerate(percents)))


def test_a_release_has_one_weight() -> None:
    with pytest.raises(ValidationError, match="a release has two weights"):
        Allocation(weights=(weight("v1", 40), weight("v1", 60)))


def test_no_weight_at_all_is_an_outage() -> None:
    assert Allocation(weights=(), maintenance="back at six").no_traffic_body == "back at six"


@pytest.mark.parametrize("before", list(Status))
@pytest.mark.parametrize("after", list(Status))
def test_a_status_changes_only_as_the_table_says(before: Status, after: Status) -> None:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    execution = newest(environment).model_copy(update={"status": before})
    if after is before or after in LEGAL_TRANSITIONS[before]:
        assert transition(execution, after) is after
    else:
        with pytest.raises(IllegalTransition):
            transition(execution, after)


def test_an_event_that_was_changed_breaks_the_chain_at_the_next_one() -> None:
    journal: list[JournalEvent] = []
    for seq in (1, 2, 3):
        journal.append(
            JournalEvent(
                execution_id="prod-1",
                seq=seq,
                at=datetime(2026, 1, 1, tzinfo=UTC),
                kind="intent",
                status=Status.IN_PROGRESS,
                phase=Phase.CREATING,
                step_index=0,
                step_kind=None,
                message="create",
                fence=1,
                previous=journal[-1].hash if journal else "",
            )
        )
    assert broken_link(journal) is None
    journal[0] = journal[0].model_copy(update={"message": "something else"})
    assert broken_link(journal) == 2
    assert broken_link([journal[1], journal[2]]) == 2
