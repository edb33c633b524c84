"""Changes moto while the local cloud runs: it accepts and returns what AWS does, copies less, and bounds its memory."""

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from cutover.localcloud.aws_defaults import add_balancer_attributes, keep_descriptions_of_group_rules
from cutover.localcloud.registries import reach_other_registries
from cutover.localcloud.secret_versions import keep_labels

EVENTS_OF_A_STREAM = 10_000
STREAMS_OF_A_GROUP = 1_000

_DELAY = "deregistration_delay.timeout_seconds"
_LONGEST_DELAY = "3600"  # seconds
_TOUCHED = "_items_touched"


@contextmanager
def moto_patches() -> Iterator[None]:
    """Patch moto's classes, and restore them at the end."""
    with ExitStack() as patches:
        _stop_tracking(patches)
        _bound_logs(patches)
        _copy_only_what_a_transaction_touches(patches)
        _accept_longest_delay(patches)
        _accept_policies_that_require_tls(patches)
        add_balancer_attributes(patches)
        keep_descriptions_of_group_rules(patches)
        keep_labels(patches)
        reach_other_registries(patches)
        yield


def _replace(patches: ExitStack, owner: type, name: str, replacement: Any) -> None:
    """Set an attribute of a class until the stack is closed."""
    if name in vars(owner):
        patches.callback(setattr, owner, name, vars(owner)[name])
    else:
        patches.callback(delattr, owner, name)
    setattr(owner, name, replacement)


def _stop_tracking(patches: ExitStack) -> None:
    """Stop moto from keeping every object that it creates, even deleted objects and copies, for its dashboard."""
    from moto.core.common_models import BaseModel

    def create(cls: Any, *_: Any, **__: Any) -> Any:
        return super(BaseModel, cls).__new__(cls)

    _replace(patches, BaseModel, "__new__", staticmethod(create))


def _bound_logs(patches: ExitStack) -> None:
    """Keep the newest events of a log stream, and the newest streams of a log group."""
    from moto.logs.models import LogGroup, LogStream

    put_log_events, create_log_stream = LogStream.put_log_events, LogGroup.create_log_stream

    def put_bounded(self: Any, log_events: list[dict[str, Any]]) -> str:
        token = put_log_events(self, log_events)
        del self.events[:-EVENTS_OF_A_STREAM]
        return token

    def create_bounded(self: Any, log_stream_name: str) -> None:
        create_log_stream(self, log_stream_name)
        for name in list(self.streams)[:-STREAMS_OF_A_GROUP]:
            del self.streams[name]

    _replace(patches, LogStream, "put_log_events", put_bounded)
    _replace(patches, LogGroup, "create_log_stream", create_bounded)


def _copy_only_what_a_transaction_touches(patches: ExitStack) -> None:
    """Copy only the items that a transaction changes. moto copies whole tables, to restore them on failure."""
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import Table

    transact_write_items = DynamoDBBackend.transact_write_items

    def transact_with_small_copies(self: Any, transact_items: list[dict[str, Any]]) -> None:
        _note_touched_items(self.tables, transact_items)
        try:
            transact_write_items(self, transact_items)
        finally:
            for table in self.tables.values():
                vars(table).pop(_TOUCHED, None)

    _replace(patches, DynamoDBBackend, "transact_write_items", transact_with_small_copies)
    _replace(patches, Table, "__deepcopy__", _copy_of_table)


def _note_touched_items(tables: dict[str, Any], transact_items: list[dict[str, Any]]) -> None:
    """Give each table the keys that the transaction names, for `_copy_of_table`."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    for table in tables.values():
        setattr(table, _TOUCHED, [])
    for operation in (each for item in transact_items for each in item.values()):
        table = tables.get(operation.get("TableName"))
        key = operation.get("Key") or operation.get("Item") or {}
        if table is not None and table.hash_key_attr in key:
            sort_key = key.get(table.range_key_attr)
            touched = (DynamoType(key[table.hash_key_attr]), None if sort_key is None else DynamoType(sort_key))
            getattr(table, _TOUCHED).append(touched)


def _copy_of_table(table: Any, memo: dict[int, Any]) -> Any:
    """A copy that shares all items but the touched ones; outside a transaction it shares none."""
    twin = memo[id(table)] = object.__new__(type(table))
    twin.__dict__.update(table.__dict__)
    twin.stream_shard = copy.deepcopy(table.stream_shard, memo)
    touched = getattr(table, _TOUCHED, None)
    if touched is None:
        twin.items = copy.deepcopy(table.items, memo)
        return twin
    twin.items = table.items.copy()
    for partition in {partition for partition, _ in touched} & table.items.keys():
        twin.items[partition] = copy.copy(table.items[partition])
    for partition, sort_key in touched:
        item = table.items.get(partition)
        if item is not None and sort_key is None:
            twin.items[partition] = copy.deepcopy(item, memo)
        elif item is not None and sort_key in item:
            twin.items[partition][sort_key] = copy.deepcopy(item[sort_key], memo)
    return twin


def _accept_longest_delay(patches: ExitStack) -> None:
    """Accept a deregistration delay of 3600 seconds, AWS's upper limit, which moto rejects."""
    from moto.elbv2.models import ELBv2Backend

    modify = ELBv2Backend.modify_target_group_attributes

    def modify_target_group_attributes(self: Any, target_group_arn: str, attributes: dict[str, Any]) -> Any:
        if str(attributes.get(_DELAY)) != _LONGEST_DELAY:
            return modify(self, target_group_arn, attributes)
        result = modify(self, target_group_arn, {**attributes, _DELAY: str(int(_LONGEST_DELAY) - 1)})
        self.target_groups[target_group_arn].attributes[_DELAY] = _LONGEST_DELAY
        return result

    _replace(patches, ELBv2Backend, "modify_target_group_attributes", modify_target_group_attributes)


def _accept_policies_that_require_tls(patches: ExitStack) -> None:
    """Ignore the statement of a bucket policy that denies requests without TLS.

    moto treats a statement whose condition is false as a denial, and would deny every request. Requests to the local
    cloud count as encrypted, because they use loopback only.
    """
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    is_action_permitted = IAMPolicyStatement.is_action_permitted

    def ignore_denial_of_clear_text(self: Any, *arguments: Any, **named: Any) -> Any:
        if _denies_clear_text(self._statement):
            return PermissionResult.NEUTRAL
        return is_action_permitted(self, *arguments, **named)

    _replace(patches, IAMPolicyStatement, "is_action_permitted", ignore_denial_of_clear_text)


def _denies_clear_text(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    return statement.get("Effect") == "Deny" and str(condition.get("aws:SecureTransport")).lower() == "false"
