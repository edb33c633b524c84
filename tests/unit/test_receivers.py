"""Adding a kind of receiver takes three files: these tests fail if one of them is forgotten.

1. `cutover/config/notifications.py`: its key in `KINDS` and in `NotificationConfig`, its data in `Receiver`;
2. `cutover/adapters/notifier/<vendor>.py`: everything that sends to it;
3. `cutover/adapters/notifier/registry.py`: its case, without which mypy fails.
"""

from typing import Any, get_args

from cutover.adapters.notifier import registry
from cutover.config.notifications import KINDS, NotificationConfig, Receiver
from support.files import GOOD, refusal
from support.recipes import files_beside, imports_of

VALUES: dict[str, Any] = {
    "topic_arn": "arn:aws:sns:eu-west-1:123456789012:deployments",
    "event_bus": "default",
    "webhook": "https://chat/hook",
}
SHARED = ("registry", "messages")


def refused_receiver(receiver: dict[str, object]) -> str:
    return refusal(GOOD + f"  cutover:notifications: [{receiver}]\n")


def test_the_registry_imports_every_adapter_of_its_folder() -> None:
    adapters = {f"cutover.adapters.notifier.{name}" for name in files_beside(registry, except_for=SHARED)}
    assert len(adapters) == len(get_args(Receiver))
    assert adapters - imports_of(registry) == set()


def test_every_key_of_the_configuration_is_a_receiver_of_its_own() -> None:
    receivers = {type(NotificationConfig.model_validate({key: VALUES[key]}).receiver) for key in KINDS}
    assert receivers == set(get_args(Receiver))


def test_an_unknown_receiver_is_refused_with_its_path_and_the_known_ones() -> None:
    message = refused_receiver({"pager": "team"})
    assert "notifications.0: give exactly one receiver (topic_arn, event_bus, webhook)" in message
    assert "the keys here are pager" in message


def test_two_receivers_in_one_entry_are_refused() -> None:
    assert "notifications.0: give exactly one receiver" in refused_receiver(VALUES)
