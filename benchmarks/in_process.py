"""Measures in one process the time from a decision of the driver until the load balancer has the new weights."""

import os
from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle
from time import perf_counter

from benchmarks.bare import Bare
from benchmarks.figures import Figure, timed
from benchmarks.stage import Stage
from cutover.adapters.silence import SilentReporter
from cutover.composition import acting_ports
from cutover.config import load_environment
from cutover.domain import Allocation, Outcome, Release, Status, Verdict, Weight
from cutover.domain.errors import StepFailed
from cutover.domain.execution import Phase
from cutover.execution import gateway, knowledge, way_back
from cutover.execution.context import ExecutionContext
from cutover.execution.recorder import Recorder
from cutover.operations.leasing import leased
from cutover.operations.start import context_of, new_execution
from cutover.planning.observe import timings
from cutover.ports import HeldLease, Ports, TargetHealth, Traffic
from cutover.strategies.drill import drill as any_plan


def measure(stage: Stage, runs: int) -> list[Figure]:
    """Change the weights of the two newest releases through Pulumi, and turn back from a failure, several times.

    Raises:
        RuntimeError: the load balancer does not have the weights that were written.
    """
    os.environ.update(stage.variables)
    config = load_environment(stage.project, "local")
    with acting_ports(config, SilentReporter()) as ports, leased(ports) as held:
        good, failed = _two_releases(ports)
        bare, listener = Bare(stage.endpoint), ports.stacks.environment().listener_arn
        allocations = cycle((_allocation(good, 100, failed, 0), _allocation(good, 0, failed, 100)))

        def by_bare() -> None:
            bare.modify_listener(listener, next(allocations).positive())
            bare.weights(listener)

        ports.stacks.apply_allocation(next(allocations))
        by_bare()
        through_pulumi = timed(lambda: ports.stacks.apply_allocation(next(allocations)), runs)
        decision = _Decision(ports, held, good, failed)
        times = tuple(decision.seconds() for _ in range(max(runs, 20)))
        decision.end()
        bare_times = timed(by_bare, max(runs, 20))
        ports.stacks.apply_allocation(ports.ledger.allocation())
    return [
        Figure("weight change through Pulumi", "s", through_pulumi, bare_times, "≤ 1.0 s"),
        Figure("rollback: decision to weights read back", "s", times, bare_times, "≤ 1.5 times one write and one read"),
    ]


class _LastRead:
    """The direct calls to the load balancer; it knows when the weights were last read."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self.at = 0.0

    def weights(self, listener_arn: str) -> Mapping[str, int]:
        """See `cutover.ports.Traffic`."""
        weights = self._traffic.weights(listener_arn)
        self.at = perf_counter()
        return weights

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        """See `cutover.ports.Traffic`."""
        self._traffic.set_weights(listener_arn, allocation)

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        """See `cutover.ports.Traffic`."""
        return self._traffic.target_health(target_group_arn)


class _Decision:
    """An execution with half of the traffic on `failed`, a gate that stops it, and the turn back."""

    def __init__(self, ports: Ports, held: HeldLease, good: Release, failed: Release) -> None:
        self._last_read = _LastRead(ports.urgent.traffic)
        self._ports = replace(ports, urgent=replace(ports.urgent, traffic=self._last_read))
        self._held, self._good, self._failed = held, good, failed
        self._context: ExecutionContext | None = None

    def seconds(self) -> float:
        """Seconds from the recorded verdict until the load balancer showed the weights of the way back.

        Raises:
            RuntimeError: the load balancer does not have the weights that were written.
        """
        context = self._prepare()
        stop = Verdict(gate="a benchmark", verdict=Outcome.FAIL, reason="a benchmark")
        context.recorder.record_verdict(stop)
        started = perf_counter()
        way_back.turn_back(context, StepFailed("GATE_FAILED", "a benchmark"))
        if not context.recorder.known_allocation().confirmed:
            raise RuntimeError("the load balancer does not have the weights that were written")
        return self._last_read.at - started

    def _prepare(self) -> ExecutionContext:
        """Record a new execution, give the failed release half of the traffic, and look at both sides."""
        self.end()
        ports, good, failed = self._ports, self._good, self._failed
        plan = any_plan(good.ref, 1, failed.ref, timings(ports.config).margin)
        head = new_execution(ports, purpose="deploy", plan=plan, candidate=failed.ref, baseline=good.ref)
        recorder = Recorder(ports, self._held.lease, head)
        recorder.note("started", "a benchmark")
        context = context_of(ports, self._held, recorder, ports.stacks.environment())
        knowledge.learn(context.knowledge, ports.ledger, head)
        gateway.write_weights_directly(context, _allocation(good, 50, failed, 50), "a benchmark", lambda: None)
        knowledge.refresh(context.knowledge, ports.clock, ports)
        self._context = context
        return context

    def end(self) -> None:
        """Record the end of the execution."""
        if self._context is not None:
            self._context.recorder.finish(Status.ROLLED_BACK, Phase.DONE, "a benchmark")
            self._context = None


def _two_releases(ports: Ports) -> tuple[Release, Release]:
    """The last good release, and another one that has a stack."""
    last = ports.ledger.good().last
    standing = [release for release in ports.ledger.standing() if release.outputs is not None]
    good = next(release for release in standing if release.ref.release == last)
    return good, next(release for release in standing if release is not good)


def _allocation(good: Release, good_weight: int, failed: Release, failed_weight: int) -> Allocation:
    weights = []
    for release, weight in ((good, good_weight), (failed, failed_weight)):
        assert release.outputs is not None
        ref, arn = release.ref, release.outputs.target_group_arn
        weights.append(Weight(release=ref.release, version=ref.version, target_group_arn=arn, weight=weight))
    return Allocation(weights=tuple(weights))
