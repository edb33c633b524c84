"""Composite alarms: a rule over the states of other alarms
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cutover.localcloud.metrics.errors import invalid
from cutover.localcloud.metrics.evaluation import ALARM, INSUFFICIENT, OK
from cutover.localcloud.metrics.queries import Fields

_TOKEN = re.compile(
    r"\s*(?:(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"
    r'(?:"(?P<quoted>[^"]+)"|(?P<plain>[^")\s]+))\s*\)|(?P<bracket>[()]))'
)
States = Mapping[str, str]
_Rule = Callable[[States], bool]


@dataclass(slots=True)
class _Composite:
    fields: dict[str, Any]
    rule: _Rule
    changed: float
    state: str = INSUFFICIENT


class Composites:
    """The composite alarms of one account and region; the caller holds the lock of all alarms."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._alarms: dict[str, _Composite] = {}

    def put(self, fields: Fields, now: float) -> dict[str, Any]:
        """PutCompositeAlarm; refuses a rule that cannot be read."""
        name, text = str(fields.get("AlarmName") or ""), str(fields.get("AlarmRule") or "")
        if not name:
            raise invalid("The parameter AlarmName is required.")
        kept = {key: fields[key] for key in ("AlarmName", "AlarmRule", "AlarmDescription") if fields.get(key)}
        self._alarms[name] = _Composite(kept, parse_rule(text), changed=now)
        return {}

    def delete(self, names: list[str]) -> None:
        """Forget those of these names."""
        for name in names:
            self._alarms.pop(name, None)

    def evaluate(self, states: States, now: float) -> None:
        """Bring each to ALARM or OK by its rule; a composite of composites follows one evaluation later."""
        known = {**states, **{name: alarm.state for name, alarm in self._alarms.items()}}
        for alarm in self._alarms.values():
            state = ALARM if alarm.rule(known) else OK
            if state != alarm.state:
                alarm.state, alarm.changed = state, now

    def described(self, names: list[str] | None, prefix: str) -> list[dict[str, Any]]:
        """As DescribeAlarms shows them."""
        return [
            {
                "ActionsEnabled": True,
                **alarm.fields,
                "AlarmArn": f"{self._prefix}{name}",
                "StateValue": alarm.state,
                "StateReason": f"the rule {alarm.fields['AlarmRule']} says so",
                "StateUpdatedTimestamp": datetime.fromtimestamp(alarm.changed, UTC),
            }
            for name, alarm in sorted(self._alarms.items())
            if (not names or name in names) and name.startswith(prefix)
        ]


def parse_rule(text: str) -> _Rule:
    """The rule as a function of the alarms' states; NOT binds closest, then AND, then OR."""
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise invalid(f"AlarmRule cannot be read at {text[at : at + 20]!r}.")
        tokens.append(found)
        at = found.end()
    parser = _Parser(tokens)
    rule = parser.either()
    if parser.left:
        raise invalid("AlarmRule has more than one expression.")
    return rule


class _Parser:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.left = tokens

    def either(self) -> _Rule:
        rules = [self._all()]
        while self._takes("OR"):
            rules.append(self._all())
        return lambda states: any(rule(states) for rule in rules)

    def _all(self) -> _Rule:
        rules = [self._one()]
        while self._takes("AND"):
            rules.append(self._one())
        return lambda states: all(rule(states) for rule in rules)

    def _one(self) -> _Rule:
        if self._takes("NOT"):
            inner = self._one()
            return lambda states: not inner(states)
        if self._takes("("):
            inner = self.either()
            if not self._takes(")"):
                raise invalid("AlarmRule has an open bracket.")
            return inner
        if self._takes("TRUE"):
            return lambda _: True
        if self._takes("FALSE"):
            return lambda _: False
        if not self.left or not self.left[0]["state"]:
            raise invalid("AlarmRule lacks an expression.")
        token = self.left.pop(0)
        wanted, name = token["state"], token["quoted"] or token["plain"]
        # An ARN names an alarm as well as its name does.
        return lambda states: states.get(name.rpartition(":alarm:")[2]) == wanted

    def _takes(self, text: str) -> bool:
        if self.left and (self.left[0]["word"] or self.left[0]["bracket"]) == text:
            self.left.pop(0)
            return True
        return False
