"""The stack of good releases: a rollback goes down, a deployment goes up, and nothing returns to what was left."""

import pytest

from cutover.domain.good import MOST, GoodReleases

STACK = GoodReleases(names=("v1", "v2", "v3"))


def test_before_the_first_deployment_there_is_no_good_release() -> None:
    assert (GoodReleases().last, GoodReleases().target_from("v1"), GoodReleases().last_except("v1")) == (None,) * 3


def test_a_deployment_that_completes_is_the_last_good_release() -> None:
    assert STACK.pushed("v4").names == ("v1", "v2", "v3", "v4")
    assert STACK.pushed("v4").last == "v4"


def test_a_release_that_is_deployed_again_moves_to_the_top() -> None:
    assert STACK.pushed("v1").names == ("v2", "v3", "v1")
    assert STACK.pushed("v3") == STACK


@pytest.mark.parametrize(("current", "target"), [("v3", "v2"), ("v2", "v1"), ("v1", None), ("bad", "v3")])
def test_a_rollback_on_request_goes_one_down_or_to_the_last_good_release(current: str, target: str | None) -> None:
    assert STACK.target_from(current) == target


@pytest.mark.parametrize(("candidate", "target"), [("v3", "v2"), ("v1", "v3"), ("bad", "v3")])
def test_a_failed_deployment_goes_back_to_the_last_good_release_other_than_its_own(candidate: str, target: str) -> None:
    assert STACK.last_except(candidate) == target


def test_two_rollbacks_go_two_back_and_never_to_what_was_left() -> None:
    first = STACK.back_to("v2", "v3")
    second = first.back_to("v1", "v2")
    assert (first.names, second.names, second.target_from("v1")) == (("v1", "v2"), ("v1",), None)


@pytest.mark.parametrize(
    ("to", "left", "names"),
    [
        ("v1", "v3", ("v1",)),  # everything above the target was left
        ("v2", "bad", ("v1", "v2")),  # a failed release was never in the stack
        ("v0", "v3", ("v1", "v2", "v0")),  # a target that was popped before is good again
        ("v3", "v1", ("v2", "v3")),  # a rollback to a newer release leaves the older one
    ],
)
def test_a_rollback_takes_what_it_left_from_the_stack(to: str, left: str, names: tuple[str, ...]) -> None:
    assert STACK.back_to(to, left).names == names


def test_the_stack_keeps_a_limited_number_of_names() -> None:
    stack = GoodReleases()
    for number in range(MOST + 10):
        stack = stack.pushed(f"v{number}")
    assert (len(stack.names), stack.names[0], stack.last) == (MOST, "v10", f"v{MOST + 9}")
