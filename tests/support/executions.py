"""Executions by hand: requests of people, plans that no strategy makes, and the context of one execution."""

from cutover.domain import Control, Execution, Plan, Release, Request, RequestKind, Step
from cutover.execution.context import ExecutionContext
from cutover.execution.knowledge import knowledge_of, learn
from cutover.execution.patience import Patience
from cutover.execution.recorder import Recorder
from cutover.operations.leasing import acquire, leased
from cutover.operations.start import Purpose, new_execution, start
from cutover.ports import Ports
from support.fakes import OUTPUTS, InMemoryEnvironment
from support.fakes.held_lease import FakeHeldLease
from support.fakes.in_memory import LEASE_SECONDS


def newest(environment: InMemoryEnvironment) -> Execution:
    """The head of the newest execution."""
    head = environment.ledger.latest_execution()
    assert head is not None
    return head


def release(environment: InMemoryEnvironment, version: str) -> Release:
    """The release of a version that was deployed; never a fresh baseline."""
    return next(r for r in environment.ledger.releases_of(version) if r.manifest.baseline_for is None)


def request(environment: InMemoryEnvironment, kind: RequestKind, *, by: str = "alice", reason: str = "") -> Control:
    """Record a person's request to the newest execution, for its current step, without the checks of the verbs."""
    head = newest(environment)
    wanted = Request(kind=kind, step_index=head.step_index, by=by, reason=reason, at=environment.clock.now())
    return environment.ledger.put_request(head.execution_id, wanted)


def carry_out(environment: InMemoryEnvironment, *steps: Step, purpose: Purpose = "gc") -> Execution:
    """Carry out these steps as one execution, whose candidate is the release of v2 and whose baseline is that of v1."""
    driver, plan = environment.driver("v2"), Plan(strategy="by hand", steps=steps)
    candidate, baseline = release(environment, "v2").ref, release(environment, "v1").ref
    with leased(driver) as held:
        head = new_execution(driver, purpose=purpose, plan=plan, candidate=candidate, baseline=baseline)
        return start(driver, held, head, OUTPUTS)


def context_of(environment: InMemoryEnvironment, ports: Ports, head: Execution | None = None) -> ExecutionContext:
    """The context of a driver that has just taken the lease; by default of the newest execution."""
    head = head or newest(environment)
    lease = acquire(ports)
    recorder = Recorder(ports, lease, head)
    recorder.control = ports.ledger.control(head.execution_id)
    knowledge = knowledge_of(head)
    learn(knowledge, ports.ledger, head)
    return ExecutionContext(
        ports=ports,
        recorder=recorder,
        environment=OUTPUTS,
        held=FakeHeldLease(environment.ledger, lease, environment.clock, LEASE_SECONDS),
        knowledge=knowledge,
        patience=Patience(ports.config.gates.patience),
        reading=Patience(ports.config.gates.patience),
    )


def code_of(execution: Execution) -> str:
    """Code of the error that an execution ended with; empty if there is none."""
    return execution.error.code if execution.error else ""
