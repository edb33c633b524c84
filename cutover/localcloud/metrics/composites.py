"""Composite alarms: a rule over the states of other alarms
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cutover.localcloud.metrics.errors import invalid
from cutover.localcloud.metrics.evaluation import ALARM, INSUFFICIENT, OK
from cutover.localcloud.metrics.queries import Fields
from cutover.localcloud.metrics.tokens import Kind, Tokens

States = Mapping[str, str]
_Rule = Callable[[States], bool]


@dataclass(slots=True)
class _Composite:
    fields: dict[str, Any]
    rule: _Rule
    changed: float
    state: str = INSUFFICIENT


class Composites:
    """The composite alarms of one account and region. The caller holds the lock of all alarms."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._alarms: dict[str, _Composite] = {}

    def put(self, fields: Fields, now: float) -> dict[str, Any]:
        """PutCompositeAlarm. Raises CloudWatchError for a rule that cannot be parsed."""
        name, text = str(fields.get("AlarmName") or ""), str(fields.get("AlarmRule") or "")
        if not name:
            raise invalid("The parameter AlarmName is required.")
        kept = {key: fields[key] for key in ("AlarmName", "AlarmRule", "AlarmDescription") if fields.get(key)}
        self._alarms[name] = _Composite(kept, parse_rule(text), changed=now)
        return {}

    def delete(self, names: list[str]) -> None:
        """Remove the alarms with these names."""
        for name in names:
            self._alarms.pop(name, None)

    def evaluate(self, states: States, now: float) -> None:
        """Set each alarm to ALARM or OK by its rule; a composite of composites changes one evaluation later."""
        known = {**states, **{name: alarm.state for name, alarm in self._alarms.items()}}
        for alarm in self._alarms.values():
            state = ALARM if alarm.rule(known) else OK
            if state != alarm.state:
                alarm.state, alarm.changed = state, now

    def described(self, names: list[str] | None, prefix: str) -> list[dict[str, Any]]:
        """Return the alarms as DescribeAlarms shows them."""
        return [
            {
                "ActionsEnabled": True,
                **alarm.fields,
                "AlarmArn": f"{self._prefix}{name}",
                "StateValue": alarm.state,
                "StateReason": f"The state follows from the rule {alarm.fields['AlarmRule']}",
                "StateUpdatedTimestamp": datetime.fromtimestamp(alarm.changed, UTC),
            }
            for name, alarm in sorted(self._alarms.items())
            if (not names or name in names) and name.startswith(prefix)
        ]


def parse_rule(text: str) -> _Rule:
    """Return the rule as a function of the alarms' states; NOT binds closest, then AND, then OR.

    Raises CloudWatchError (ValidationError) for a rule that cannot be parsed.
    """
    # A name of an alarm, or an ARN, need not be quoted.
    tokens = Tokens(text, name=r"[^\"()\s]+", what=f"Error in AlarmRule '{text}'")
    rule = _any_of(tokens)
    tokens.expect_end()
    return rule


def _any_of(tokens: Tokens) -> _Rule:
    rules = [_all_of(tokens)]
    while tokens.skip("OR"):
        rules.append(_all_of(tokens))
    return lambda states: any(rule(states) for rule in rules)


def _all_of(tokens: Tokens) -> _Rule:
    rules = [_single(tokens)]
    while tokens.skip("AND"):
        rules.append(_single(tokens))
    return lambda states: all(rule(states) for rule in rules)


def _single(tokens: Tokens) -> _Rule:
    if tokens.skip("NOT"):
        negated = _single(tokens)
        return lambda states: not negated(states)
    if tokens.skip("("):
        rule = _any_of(tokens)
        tokens.expect(")")
        return rule
    token = tokens.next()
    match token.kind, token.text:
        case Kind.NAME, "TRUE" | "FALSE":
            return lambda _: token.text == "TRUE"
        case Kind.NAME, state if state in {ALARM, OK, INSUFFICIENT}:
            name = _alarm_name(tokens)
            return lambda states: states.get(name) == state
    raise tokens.error(f"unexpected {token.text}")


def _alarm_name(tokens: Tokens) -> str:
    """The name in brackets, quoted or not; of an ARN, the part that is the name."""
    tokens.expect("(")
    token = tokens.next()
    if token.kind not in {Kind.NAME, Kind.TEXT} or not token.text:
        raise tokens.error(f"expected the name of an alarm, not {token.text}")
    tokens.expect(")")
    return token.text.rpartition(":alarm:")[2]
