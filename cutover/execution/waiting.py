"""Wait during an execution. At least once a second the driver reads the requests and checks the background gates."""

from collections.abc import Callable

from cutover.domain import Allocation, Phase, Weight
from cutover.domain.errors import Interrupted, LeaseLost, Paused, PreflightFailed, StepFailed, TransientFailure
from cutover.execution import gateway, knowledge
from cutover.execution.abort import aborted
from cutover.execution.context import ExecutionContext
from cutover.execution.drift import Drift, find_drift
from cutover.execution.gate_checks import check_background_gates
from cutover.execution.patience import WAY_BACK_SECONDS, Patience
from cutover.execution.watching import Watch
from cutover.strategies.capacity import tasks_for

LONGEST_SLEEP = 1.0
"""Longest sleep in seconds between two looks; so a request is processed within two seconds."""
SIGN_OF_LIFE_SECONDS = 300.0
"""A driver without a sign of life for this long hangs, and its lease is not renewed any more."""
_CLOCK_SKEW_SECONDS = 900.0
"""The wall clocks of two drivers differ by at most ten minutes, and a write ends minutes after its record."""
ABORTS = frozenset({"ABORTED", "MOVED_BY_HAND"})
"""Codes of failures that a person wanted."""


def wait(context: ExecutionContext, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Wait `seconds`, or less if `until` is true; look at least once a second.

    Raises:
        StepFailed: a person aborted, or a background gate stops the deployment.
    """
    clock = context.ports.clock
    end = clock.monotonic() + seconds
    while True:
        look(context)
        left = end - clock.monotonic()
        if left <= 0 or until():
            return
        clock.sleep(min(left, LONGEST_SLEEP))


def wait_after_move(context: ExecutionContext, seconds: float) -> None:
    """Wait until `seconds` have passed since the last change of the weights. A promote does not end this wait.

    A driver that did not make the change itself waits the whole time, unless the change is long ago by any clock.
    """
    if context.moves.last is None:
        moved_at = context.recorder.known_allocation().moved_at
        if moved_at is None:
            return
        if (context.ports.clock.now() - moved_at).total_seconds() >= seconds + _CLOCK_SKEW_SECONDS:
            return
        context.moves.last = context.ports.clock.monotonic()
    left = context.moves.last + seconds - context.ports.clock.monotonic()
    if left > 0:
        wait(context, left)


def wait_for_drain(context: ExecutionContext) -> None:
    """Before a release loses its tasks: wait until open requests have finished, if this execution wrote weights.

    The Drain step has waited already. This is for weights that were restored after it, perhaps by another driver.
    """
    if context.recorder.execution.moved_traffic or context.moves.last is not None:
        wait_after_move(context, context.ports.config.strategy.drain)


def look(context: ExecutionContext) -> None:
    """Process requests, and check the background gates. A failed read of the requests has the driver's patience.

    Raises:
        StepFailed: a person aborted, or a background gate stops the deployment.
    """
    context.held.expect(SIGN_OF_LIFE_SECONDS)
    try:
        process_requests(context)
    except (TransientFailure, PreflightFailed) as failure:
        if still_patient(context, context.reading) is None:
            raise StepFailed(failure.code, f"the driver could not read requests: {failure.message}") from failure
    else:
        context.reading.succeeded()
    check_background_gates(context)


def still_patient(context: ExecutionContext, patience: Patience, *, short: bool = False) -> float | None:
    """Seconds to wait after one more failure; None if the driver must turn back now, or give up on the way back.

    It turns back before its lease expires, because afterwards it may write nothing more. A `short` patience is
    `gates.patience` on the way back too.
    """
    limit = context.patience.limit_seconds
    if short:
        pass
    elif on_the_way_back(context) or context.recorder.execution.only_destroys or context.recorder.step is None:
        # No candidate is at risk: it loses its traffic, has none, or has proved itself.
        limit = WAY_BACK_SECONDS
    elif context.held.seconds_left() < context.ports.lease_seconds / 4:
        limit = 0.0
    now = context.ports.clock.monotonic()
    return patience.failed(now, context.ports.identifiers.fraction(), limit)


def on_the_way_back(context: ExecutionContext) -> bool:
    """Whether the execution moves the traffic to the last good release, after a failure or on request."""
    head = context.recorder.execution
    return head.rolling_back or head.purpose == "rollback"


def process_requests(context: ExecutionContext) -> None:
    """Read the requests, and act on them; during a rollback they are only recorded.

    A rollback on request can be paused. An abort does not stop it, because it wants the same, and ends its pause.

    Raises:
        StepFailed: a person aborted.
    """
    control, head = context.recorder.read_control(), context.recorder.execution
    if head.rolling_back:
        return
    if control.abort is not None:
        if head.goes_back:
            return
        raise aborted(control.abort)
    if control.pause is not None:
        stay_paused(context, f"paused by {control.pause.by}", lambda: _resumed_by(context))


def look_for_drift(context: ExecutionContext) -> None:
    """Respond to weights that somebody changed outside cutover: abort, restore or pause, as `on_drift` says.

    Raises:
        StepFailed: the weights were moved towards the last good release, which is taken as an abort.
    """
    try:
        drift = find_drift(context)
    except (LeaseLost, Interrupted):
        raise
    except Exception:
        if on_the_way_back(context):
            # Drift is only noted then. The way back must not end because it cannot see.
            return
        raise
    if drift is None:
        context.knowledge.noted_drift = None
        return
    head = context.recorder.execution
    if on_the_way_back(context):
        _answer_on_the_way_back(context, drift)
        return
    target, candidate = context.knowledge.target, head.candidate.release
    if target is not None and drift.gained(target.ref.release) > 0 > drift.gained(context.knowledge.failed.release):
        message = f"{drift.sentence}, or by a driver that ended; a move towards the last good release is an abort"
        raise StepFailed("MOVED_BY_HAND", message)
    context.recorder.note("drift", drift.sentence)
    if context.ports.config.on_drift == "restore" and drift.gained(candidate) >= 0:
        gateway.restore_weights(context, "restored, because on_drift is restore")
        return
    choices = (
        "continue with `cutover resume --accept-live` or `cutover resume --restore`, or roll back with `cutover abort`"
    )
    stay_paused(context, f"{drift.sentence}; {choices}", lambda: _drift_ended(context))


def _answer_on_the_way_back(context: ExecutionContext, drift: Drift) -> None:
    """Take back the traffic that the failed release got again, for example by the last call of a former driver.

    Another change is only noted: a rollback stops for nothing.
    """
    known = context.knowledge
    if drift.gained(known.failed.release) > 0:
        knowledge.refresh(known, context.ports.clock, context.ports)
        if known.target is None or known.target_healthy != 0 or known.failed_healthy == 0:
            gateway.restore_weights(context, f"{known.failed.release} got traffic again during the rollback")
            return
    if known.noted_drift != dict(drift.live):
        known.noted_drift = dict(drift.live)
        context.recorder.note("drift", drift.sentence)


def stay_paused(context: ExecutionContext, message: str, ended: Callable[[], str | None]) -> None:
    """Wait until `ended` returns how the pause ended. The gates are checked meanwhile, nothing is written.

    Raises:
        StepFailed: a person aborted, or a gate stops the deployment.
        Paused: this driver does not wait for people (`--exit-on-pause`).
    """
    recorder, clock = context.recorder, context.ports.clock
    phase = recorder.execution.phase if recorder.execution.phase is not Phase.PAUSED else Phase.SHIFTING
    recorder.paused(message)
    watch = standing_watch(context)
    checked_at: float | None = None
    while (sentence := ended()) is None:
        if context.ports.when_paused == "leave":
            raise Paused("PAUSED", message, "cutover resume")
        context.held.expect(SIGN_OF_LIFE_SECONDS)
        control = recorder.read_control()
        if control.abort is not None:
            if recorder.execution.goes_back:
                sentence = f"continues: abort by {control.abort.by}"
                break
            raise aborted(control.abort)
        if checked_at is None or clock.monotonic() - checked_at >= watch.interval_seconds:
            checked_at = clock.monotonic()
            watch.check(context)
        check_background_gates(context)
        context.patience.succeeded()
        clock.sleep(LONGEST_SLEEP)
    recorder.unpaused(phase, sentence)


def promoted(context: ExecutionContext) -> bool:
    """Whether a person has ended the wait of the current step."""
    head, promote = context.recorder.execution, context.recorder.control.promote
    this_step = promote is not None and promote.step_index == head.step_index and not head.rolling_back
    return this_step or skipped(context)


def skipped(context: ExecutionContext) -> bool:
    """Whether `promote --full` skips the current wait: all waits for people, until the candidate has all traffic."""
    head = context.recorder.execution
    full = context.recorder.control.promote_full is not None
    return full and not head.rolling_back and context.candidate_weight() < 100


def standing_watch(context: ExecutionContext, but_not: frozenset[str] = frozenset()) -> Watch:
    """The gates of a wait: those of the current step, else all that judge a candidate with traffic.

    `but_not` are the gates that the caller checks itself.
    """
    head, step = context.recorder.execution, context.recorder.step
    config, weight = context.ports.config, context.candidate_weight()
    interval = config.gates.health.interval
    if step is not None and step.kind in ("Bake", "Analyse", "Approve"):
        return Watch(step.release, step.gates, step.required_count, step.interval_seconds)
    if not weight or head.purpose != "deploy" or head.rolling_back:
        return Watch(head.candidate, (), 1, interval)
    release = context.ports.ledger.release(head.candidate.release)
    capacity = release.manifest.desired_count if release is not None else 1
    gates = ("ecs", "targets", *config.gates.metrics, *(("alarms",) if config.gates.alarms.names else ()))
    watched = tuple(gate for gate in gates if gate not in but_not)
    return Watch(head.candidate, watched, max(1, tasks_for(weight, capacity)), interval)


def _resumed_by(context: ExecutionContext) -> str | None:
    control = context.recorder.control
    if control.pause is not None:
        return None
    last = control.recent[-1] if control.recent else None
    return f"continues: {last.kind} by {last.by}" if last is not None else "continues"


def _drift_ended(context: ExecutionContext) -> str | None:
    """How a pause because of drift ended: a person decided, or the listener has the recorded weights again."""
    drift, request = find_drift(context), context.recorder.control.drift
    head = context.recorder.execution
    if drift is None:
        if request is not None:
            context.recorder.answer_drift(request.version)
        return "the listener has the recorded weights again"
    if request is None or request.version <= head.answered_drift or request.step_index != head.step_index:
        return None
    # The next write records the answer together with its effect.
    context.recorder.answer_drift(request.version)
    reason = f"{request.kind} by {request.by}" + (f": {request.reason}" if request.reason else "")
    if request.kind == "accept-live":
        return _accept(context, drift, reason)
    if drift.gained(context.recorder.execution.candidate.release) < 0:
        context.recorder.note("drift", "the recorded weights were not restored: that would raise the candidate")
        return None
    gateway.restore_weights(context, reason)
    return f"restored the recorded weights ({reason})"


def _never_gets_everything(context: ExecutionContext, drift: Drift) -> str:
    """Why the deployment would end without all traffic on its candidate; empty if a later step sets the weights."""
    head = context.recorder.execution
    sets_weights = any(step.kind == "SetTraffic" for step in head.plan.steps[head.step_index :])
    candidate = head.candidate.release
    if head.purpose != "deploy" or sets_weights or drift.gained(candidate) >= 0:
        return ""
    return f"no step that is left gives {candidate} all traffic; restore them, or abort"


def _accept(context: ExecutionContext, drift: Drift, reason: str) -> str | None:
    releases = {r.outputs.target_group_arn: r for r in context.ports.ledger.standing() if r.outputs}
    unknown = sorted(set(drift.live) - set(releases))
    left_out = _never_gets_everything(context, drift)
    if unknown or left_out or sum(drift.live.values()) not in (0, 100):
        text = f"they name {', '.join(unknown)}" if unknown else left_out or "they do not sum to 100"
        context.recorder.note("drift", f"the live weights cannot be accepted: {text}")
        return None
    weights = tuple(
        Weight(
            release=releases[arn].ref.release, version=releases[arn].ref.version, target_group_arn=arn, weight=percent
        )
        for arn, percent in drift.live.items()
    )
    gateway.accept_live_weights(context, Allocation(weights=weights), reason)
    return f"accepted the live weights ({reason})"
