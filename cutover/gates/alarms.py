"""The alarm gate: existing CloudWatch alarms, none of which may fire."""

from collections.abc import Sequence

from cutover.domain import Outcome, Verdict
from cutover.ports import AlarmState


def judge_alarms(names: Sequence[str], states: Sequence[AlarmState], ignored: Sequence[str] = ()) -> Verdict:
    """FAIL when any is in ALARM, ERROR when one does not exist, INCONCLUSIVE while one has too little data.

    `ignored` are alarms that fired before the deployment began, and were reported then.
    """
    known = {state.name: state for state in states}
    watched = [name for name in names if name not in ignored]
    firing = [known[name] for name in watched if name in known and known[name].state == "ALARM"]
    missing = [name for name in watched if name not in known]
    silent = [name for name in watched if name in known and known[name].state == "INSUFFICIENT_DATA"]
    if firing:
        outcome, reason = Outcome.FAIL, "; ".join(f"{alarm.name} is in ALARM: {alarm.reason}" for alarm in firing)
    elif missing:
        outcome, reason = Outcome.ERROR, f"there is no alarm {', '.join(missing)}"
    elif silent:
        outcome, reason = Outcome.INCONCLUSIVE, f"{', '.join(silent)}: INSUFFICIENT_DATA"
    else:
        outcome, reason = Outcome.PASS, f"{len(watched)} alarms are OK"
    if ignored:
        reason += f" (not watched, fired before the start: {', '.join(ignored)})"
    return Verdict(
        gate="alarms", verdict=outcome, reason=reason, measurements={name: known[name].state for name in known}
    )


def firing(states: Sequence[AlarmState]) -> tuple[str, ...]:
    """Names of the alarms that fire."""
    return tuple(state.name for state in states if state.state == "ALARM")
