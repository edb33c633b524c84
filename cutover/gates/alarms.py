"""The alarm gate: it fails while one of the configured CloudWatch alarms is in ALARM."""

from collections.abc import Sequence

from cutover.domain import Outcome, Verdict
from cutover.ports import AlarmState


def judge_alarms(names: Sequence[str], states: Sequence[AlarmState], ignored: Sequence[str] = ()) -> Verdict:
    """Return FAIL if an alarm is in ALARM, else ERROR if one does not exist, else INCONCLUSIVE if one has no data.

    `ignored` names the alarms that were in ALARM before the deployment. They have been reported and do not count.
    """
    known = {state.name: state for state in states}
    watched = [name for name in names if name not in ignored]
    in_alarm = [known[name] for name in watched if name in known and known[name].state == "ALARM"]
    missing = [name for name in watched if name not in known]
    without_data = [name for name in watched if name in known and known[name].state == "INSUFFICIENT_DATA"]
    if in_alarm:
        outcome, reason = Outcome.FAIL, "; ".join(f"{alarm.name} is in ALARM: {alarm.reason}" for alarm in in_alarm)
    elif missing:
        outcome, reason = Outcome.ERROR, f"alarm not found in CloudWatch: {', '.join(missing)}"
    elif without_data:
        outcome, reason = Outcome.INCONCLUSIVE, f"alarm in INSUFFICIENT_DATA: {', '.join(without_data)}"
    else:
        outcome, reason = Outcome.PASS, f"{len(watched)} alarms are in OK"
    if ignored:
        reason += f" (not watched, because they were in ALARM before the start: {', '.join(ignored)})"
    return Verdict(
        gate="alarms", verdict=outcome, reason=reason, measurements={name: known[name].state for name in known}
    )


def firing(states: Sequence[AlarmState]) -> tuple[str, ...]:
    """Names of the alarms in ALARM."""
    return tuple(state.name for state in states if state.state == "ALARM")
