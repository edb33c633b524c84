"""The roles that run cutover: `documents_of` gives the policy documents of one."""

from typing import Literal, assert_never, get_args

from cutover.config import EnvironmentConfig
from cutover.permissions import lookups, records, release, signals, state
from cutover.permissions.documents import Document, Statement, documents
from cutover.permissions.environment import environment
from cutover.permissions.names import Names
from cutover.permissions.platform import platform

Role = Literal["bootstrap", "deploy", "preview", "operate", "worker"]
ROLES: tuple[Role, ...] = get_args(Role)


def documents_of(config: EnvironmentConfig, role: Role) -> tuple[Document, ...]:
    """The documents of a role, each for one managed policy."""
    return documents(_statements(Names(config), role))


def _statements(names: Names, role: Role) -> tuple[Statement, ...]:
    match role:
        case "bootstrap":
            return (
                *state.make_state(names),
                *state.keep_state(names),
                *platform(names),
                *environment(names),
                *lookups.look_up_network(names),
                *records.environment_record(names),
            )
        case "deploy":
            return (*_carry_out(names), *lookups.look_up_image(names))
        case "worker":
            return _carry_out(names)
        case "preview":
            return (
                *state.read_state(names),
                *records.read_records(names),
                *lookups.look_up_network(names),
                *lookups.look_up_image(names),
                *lookups.look_up_secrets(names),
                *lookups.look_up_services(names),
                *lookups.look_up_listener(names),
                *lookups.look_up_alarms(names),
                *lookups.read_logs(names),
            )
        case "operate":
            return (
                *records.read_records(names),
                *records.write_requests(names),
                *lookups.look_up_services(names),
                *lookups.look_up_listener(names),
                *lookups.find_target_groups(names),
                *release.move_traffic(names),
            )
        case _:
            assert_never(role)


def _carry_out(names: Names) -> tuple[Statement, ...]:
    """Carry out an execution, also one that another role has prepared."""
    return (
        *state.keep_state(names),
        *records.read_records(names),
        *records.write_records(names),
        *records.find_pins(names),
        *lookups.look_up_services(names),
        *lookups.look_up_listener(names),
        *lookups.find_target_groups(names),
        *lookups.look_up_alarms(names),
        *lookups.look_up_secrets(names),
        *lookups.label_secrets(names),
        *release.move_traffic(names),
        *release.releases(names),
        *signals.read_metrics(names),
        *signals.call_hooks(names),
        *signals.notify(names),
    )
