"""Checks of each journal event, and of calls that a verb must not make."""

from cutover.domain import Status
from cutover.domain.execution import LEGAL_TRANSITIONS
from support.simulation.faults import PortCall
from support.simulation.scheduler import Process
from support.simulation.verbs import READ_ONLY
from support.simulation.watch import EFFECTS, Commit, Watch

_LEDGER_WRITES = frozenset({"commit", "take", "put_request", "put_measurement", "give_back", "renew"})
_WITHOUT_IMAGE = frozenset({"rollback", "rollback-to", "resume", "abort", "take-over", "work"})


def preview_writes_nothing(watch: Watch, call: PortCall) -> str | None:
    """A preview changes neither AWS nor the records."""
    del watch
    writes = (call.port, call.method) in EFFECTS or (call.port == "ledger" and call.method in _LEDGER_WRITES)
    return f"{call.process.name} calls {call.method}" if writes and call.process.verb in READ_ONLY else None


def no_image_for_a_way_back(watch: Watch, call: PortCall) -> str | None:
    """A rollback, a resume and an abort do not look an image up."""
    del watch
    needs = call.port == "images" and call.process.verb in _WITHOUT_IMAGE
    return f"{call.process.name} needs the image registry" if needs else None


def way_back_is_recorded_next(watch: Watch, commit: Commit) -> str | None:
    """What a driver gave back before it recorded it is in its next event, or in the one after the retry."""
    if commit.event.kind in ("retry", "request"):
        return None
    written = watch.unrecorded.pop(commit.process.name, None)
    change = commit.event.weights
    if written is None or (change is not None and change.after == written):
        return None
    return f"{commit.process.name} wrote {written} and records {commit.event.kind} {commit.event.message[:60]}"


def one_late_act(watch: Watch, process: Process) -> str | None:
    """One call may have been in flight when the lease was lost."""
    del watch
    return f"{process.name} lost its lease and acts again" if process.notes["late"] > 1 else None


def one_in_progress(watch: Watch, commit: Commit) -> str | None:
    """No two executions are in progress."""
    del commit
    running = [head.execution_id for head in watch.heads.values() if head.status is Status.IN_PROGRESS]
    return f"{running} are in progress" if len(running) > 1 else None


def legal_transition(watch: Watch, commit: Commit) -> str | None:
    """The status changes as `LEGAL_TRANSITIONS` allows."""
    del watch
    before, after = commit.before, commit.head.status
    if before is None or before.status is after or after in LEGAL_TRANSITIONS[before.status]:
        return None
    return f"{commit.head.execution_id} goes from {before.status} to {after}"


def no_deployment_of_what_serves(watch: Watch, commit: Commit) -> str | None:
    """A good release that has all traffic is not deployed again."""
    head = commit.head
    if commit.event.kind != "started" or head.purpose != "deploy":
        return None
    serves = watch.simulation.ledger.allocation().weight_of(head.candidate.release) == 100
    return (
        f"{head.candidate.release} serves and is deployed" if serves and head.candidate.release in watch.good else None
    )


def nothing_follows_a_stop(watch: Watch, commit: Commit) -> str | None:
    """After a verdict that stops, the driver begins and ends no further step of the plan."""
    stop = watch.stops.get(commit.head.execution_id)
    if stop is None or stop.process is not commit.process or commit.head.rolling_back:
        return None
    if commit.event.kind not in ("intent", "outcome"):
        return None
    return f"a verdict stops {commit.head.execution_id}, and {commit.process.name} goes on: {commit.event.message}"


def bake_ends_with_passed_gates(watch: Watch, commit: Commit) -> str | None:
    """At the end of a bake by its time, every gate has passed in the last check."""
    del watch
    head, event = commit.head, commit.event
    if event.kind != "outcome" or " baked for " not in event.message:
        return None
    step = head.plan.steps[head.step_index - 1]
    known = {verdict.gate: verdict for verdict in head.verdicts}
    for gate in step.gates if step.kind == "Bake" else ():
        if gate not in known or known[gate].verdict != "PASS":
            return f"{head.execution_id} ends its bake and the gate {gate} is {known.get(gate)}"
    return None


def good_is_what_succeeded(watch: Watch, commit: Commit) -> str | None:
    """The ledger's stack of good releases is what the successes so far make of it."""
    del commit
    recorded = watch.simulation.ledger.good().names
    return None if recorded == tuple(watch.good) else f"the good releases are {watch.good}, recorded are {recorded}"


def rollback_goes_to_the_last_good(watch: Watch, commit: Commit) -> str | None:
    """A rollback without a named target goes below the release that it leaves, to one that has succeeded."""
    head = commit.head
    if commit.event.kind != "started" or head.purpose != "rollback":
        return None
    if commit.process.verb == "rollback-to":
        succeeded = head.candidate.release in watch.completed
        return None if succeeded else f"{commit.process.name} goes to {head.candidate.release}, which never succeeded"
    left, good = head.baseline.release if head.baseline is not None else "", watch.good
    below = good[: good.index(left)] if left in good else good
    if below and head.candidate.release == below[-1] and below[-1] in watch.completed:
        return None
    return f"the rollback from {left} goes to {head.candidate.release}, good are {good}"


def nothing_is_raised_against_a_request(watch: Watch, commit: Commit) -> str | None:
    """While an execution is paused or aborted, no weights are recorded that raise its candidate."""
    head, change = commit.head, commit.event.weights
    if change is None or head.rolling_back or head.purpose != "deploy":
        return None
    candidate, control = head.candidate.release, watch.simulation.ledger.control(head.execution_id)
    # Weights that a person accepts are in effect already.
    had = max(change.before.get(candidate, 0), watch.simulation.world.weights.get(f"tg/{candidate}", 0))
    if change.after.get(candidate, 0) <= had or (control.pause is None and control.abort is None):
        return None
    return f"{head.execution_id} is {'paused' if control.abort is None else 'aborted'} and raises {candidate}"


def no_success_after_an_abort(watch: Watch, commit: Commit) -> str | None:
    """A deployment that was aborted while in progress does not complete; a rollback wants what the abort wants."""
    head = commit.head
    if (
        commit.event.kind != "finished"
        or head.status is not Status.COMPLETED
        or head.purpose not in ("deploy", "drill")
    ):
        return None
    aborted = watch.simulation.ledger.control(head.execution_id).abort is not None
    return f"{head.execution_id} was aborted and is COMPLETED" if aborted else None
