"""How steps, times and verdicts read in a terminal: one wording for the tree, the plain lines and the preview."""

from datetime import datetime

from cutover.domain import (
    Analyse,
    Approve,
    AwaitHealthy,
    AwaitStopped,
    Bake,
    CreateRelease,
    Drill,
    Execution,
    Outcome,
    Retire,
    RunHook,
    Scale,
    SetTraffic,
    Step,
)

SYMBOLS = {Outcome.PASS: "✔", Outcome.FAIL: "✖", Outcome.INCONCLUSIVE: "…", Outcome.ERROR: "!"}


def step_sentence(step: Step) -> str:  # noqa: C901, PLR0911  one line for each kind of step
    """What the step does, with its weights and its times."""
    match step:
        case CreateRelease(release=release, desired_count=count):
            return f"create {release.release} with {count} tasks"
        case AwaitHealthy() | AwaitStopped():
            return _await_sentence(step)
        case SetTraffic(shares=shares):
            told = ", ".join(f"{s.release.version} {s.weight} %" for s in shares) or "none (503)"
            return f"set traffic: {told}, then {duration(step.margin_seconds)} for the load balancer to spread it"
        case Bake():
            return f"bake {duration(step.duration_seconds)}: {' + '.join(step.gates)}"
        case Analyse(baseline=baseline):
            return f"analyse {duration(step.duration_seconds)} against {baseline.release}"
        case Approve(timeout_seconds=seconds):
            limit = "" if seconds is None else f", at most {duration(seconds)}, then {step.on_timeout}"
            return f"wait for a person to promote{limit}"
        case RunHook(hook=hook, point=point):
            return f"run hook {hook} ({point})"
        case Drill(release=release):
            return f"rollback drill: {release.version} 1 %, 0 %, 1 %"
        case Scale(release=release, desired_count=0):
            return f"scale {release.release} to 0, {duration(step.drain_seconds)} after its last traffic"
        case Scale(release=release, desired_count=count):
            return f"scale {release.release} to {count}"
        case Retire(release=release):
            return f"retire {release.release}, {duration(step.drain_seconds)} after its last traffic"


def _await_sentence(step: AwaitHealthy | AwaitStopped) -> str:
    limit = f"at most {duration(step.deadline_seconds)}"
    if isinstance(step, AwaitStopped):
        return f"await that no task of {step.release.release} runs, {limit}"
    gates = " + ".join(step.gates)
    return f"await {step.required_count} healthy: {gates}, {step.consecutive} looks in a row, {limit}"


def duration(seconds: float) -> str:
    """`850 ms`, `12 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def ago(then: datetime, now: datetime) -> str:
    """How long since `then`."""
    return duration(max(0.0, (now - then).total_seconds())) + " ago"


def evidence(execution: Execution) -> list[str]:
    """The last word of every gate that did not pass, with what it measured."""
    return [
        f"{v.gate}: {v.verdict.value} - {v.reason}" + (f" ({_measured(v.measurements)})" if v.measurements else "")
        for v in execution.verdicts
        if v.verdict is not Outcome.PASS
    ]


def _measured(measurements: dict[str, str | int | float | bool | None]) -> str:
    return ", ".join(f"{name}={value}" for name, value in measurements.items() if value not in (None, ""))
