"""The roles that run cutover: `documents_of` gives the policy documents of one."""

from typing import Literal, assert_never, get_args

from cutover.config import EnvironmentConfig
from cutover.permissions import lookups, records, release, signals, state
from cutover.permissions.documents import Document, Statement, documents
from cutover.permissions.environment import environment
from cutover.permissions.names import Names
from cutover.permissions.platform import platform, repositories

Role = Literal["bootstrap", "deploy", "preview", "operate", "worker"]
ROLES: tuple[Role, ...] = get_args(Role)


def documents_of(config: EnvironmentConfig, role: Role) -> tuple[Document, ...]:
    """The documents of a role, each for one managed policy."""
    return documents(_statements(Names(config), role))


def records_documents(config: EnvironmentConfig) -> tuple[Document, ...]:
    """The documents of `records.account.assume_role`: the role of another account that all roles assume there."""
    names = Names(config)
    return documents((*records.read_records(names), *records.write_records(names), *records.find_pins(names)))


def _statements(names: Names, role: Role) -> tuple[Statement, ...]:
    match role:
        case "bootstrap":
            return (
                *state.make_state(names),
                *state.keep_state(names),
                *(platform(names) if names.config.records.account is None else ()),
                *repositories(names),
                *environment(names),
                *lookups.look_up_network(names),
                *_on_records(names, *records.environment_record(names)),
            )
        case "deploy":
            return (*_carry_out(names), *lookups.look_up_image(names))
        case "worker":
            return _carry_out(names)
        case "preview":
            return (
                *state.read_state(names),
                *_on_records(names, *records.read_records(names)),
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
                *_on_records(names, *records.read_records(names), *records.write_requests(names)),
                *lookups.look_up_services(names),
                *lookups.look_up_listener(names),
                *lookups.find_target_groups(names),
                *release.move_traffic(names),
            )
        case _:
            assert_never(role)


def _on_records(names: Names, *statements: Statement) -> tuple[Statement, ...]:
    """Permissions on the records; where they are in another account, only to assume the role of that account."""
    account = names.config.records.account
    if account is None:
        return statements
    actions = ("sts:AssumeRole", *(("sts:TagSession",) if account.assume_role.session_tags else ()))
    return (Statement("AssumeRecordsRole", actions, (account.assume_role.arn,)),)


def _carry_out(names: Names) -> tuple[Statement, ...]:
    """Carry out an execution, also one that another role has prepared."""
    return (
        *state.keep_state(names),
        *_on_records(names, *records.read_records(names), *records.write_records(names), *records.find_pins(names)),
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
