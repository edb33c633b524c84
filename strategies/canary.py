"""Canary: shift traffic in the steps of the configuration, then shift the rest."""

from collections.abc import Iterator

from cutover.config.strategy import CanaryStep
from cutover.domain import Plan, ReleaseRef, Scale, SetTraffic, Step
from cutover.domain.steps import Analyse, Approve, CreateRelease, Drill, RunHook, Share
from cutover.strategies.blue_green import all_at_once
from cutover.strategies.capacity import share, tasks_for
from cutover.strategies.common import all_traffic, await_healthy, bake, clean_up, plan_of, prove, watch
from cutover.strategies.facts import Facts


def canary(facts: Facts, steps: tuple[CanaryStep, ...], name: str = "canary") -> Plan:
    """Return the plan. A first deployment has no baseline: all traffic shifts at once.

    Args:
        facts: the releases, capacities and settings of the deployment.
        steps: validated by the configuration: weights and capacity only grow, and no weight exceeds the capacity.
        name: name of the strategy in the record.

    Raises:
        ValueError: a step has none of the keys that the strategy knows.
    """
    if facts.baseline is None:
        return plan_of(name, all_at_once(facts), clean_up(facts))
    return plan_of(name, _CanaryPlan(facts, facts.baseline, steps).steps(), clean_up(facts))


class _CanaryPlan:
    """Builds the steps in order, and keeps the candidate's weight (percent) and task count from step to step."""

    def __init__(self, facts: Facts, baseline: ReleaseRef, steps: tuple[CanaryStep, ...]) -> None:
        self._facts, self._baseline, self._steps = facts, baseline, steps
        self._weight = 0
        first = next((step for step in steps if step.scale or step.weight), None)
        self._tasks = tasks_for(first.scale, facts.capacity) if first and first.scale else facts.capacity

    def steps(self) -> Iterator[Step]:
        facts = self._facts
        yield from prove(facts, self._tasks)
        yield from self._create_fresh_baseline()
        for step in self._steps:
            if step.weight != 100:
                yield from self._step(step)
        yield from self._scale(facts.capacity)
        yield all_traffic(facts)
        yield from bake(facts)

    def _step(self, step: CanaryStep) -> Iterator[Step]:
        facts = self._facts
        if step.weight is not None:
            # After a drill the candidate already has weight 1, but a fresh baseline has no weight yet.
            in_force = step.weight == self._weight and facts.fresh_baseline is None
            self._weight = step.weight
            if not in_force:
                yield SetTraffic(shares=self._shares(), margin_seconds=facts.timings.margin)
        elif step.scale is not None:
            yield from self._scale(tasks_for(step.scale, facts.capacity))
        elif step.pause is not None:
            yield watch(facts, step.pause, self._required_count())
        elif step.analyse is not None:
            yield self._analyse(step.analyse)
        elif step.approve is not None:
            yield Approve(
                release=facts.candidate,
                gates=self._gates(),
                required_count=self._required_count(),
                interval_seconds=facts.timings.interval,
                timeout_seconds=step.approve.timeout,
                on_timeout=step.approve.then,
            )
        elif step.hook is not None:
            yield RunHook(release=facts.candidate, hook=step.hook, point="Step")
        elif step.drill is None:
            raise ValueError(f"the canary strategy does not know the step {step!r}")
        elif step.drill:
            yield Drill(release=facts.candidate, serving=self._baseline, margin_seconds=facts.timings.margin)
            self._weight = 1

    def _scale(self, tasks: int) -> Iterator[Step]:
        if tasks > self._tasks:
            self._tasks = tasks
            yield Scale(release=self._facts.candidate, desired_count=tasks)
            yield await_healthy(self._facts.candidate, tasks, self._facts.timings)

    def _analyse(self, seconds: float) -> Analyse:
        facts = self._facts
        return Analyse(
            release=facts.candidate,
            baseline=facts.fresh_baseline or self._baseline,
            gates=self._gates(),
            required_count=self._required_count(),
            duration_seconds=seconds,
            interval_seconds=facts.timings.interval,
            period_seconds=facts.analysis_period,
            delay_seconds=facts.analysis_delay,
        )

    def _shares(self) -> tuple[Share, ...]:
        """The fresh baseline gets the candidate's weight while both fit into 100 %. The baseline gets the rest."""
        facts, weight = self._facts, self._weight
        fresh = facts.fresh_baseline if 2 * weight <= 100 else None
        rest = 100 - weight - (weight if fresh else 0)
        return (
            share(facts.candidate, weight, facts.capacity),
            *((share(fresh, weight, facts.baseline_capacity),) if fresh else ()),
            share(self._baseline, rest, facts.baseline_capacity),
        )

    def _create_fresh_baseline(self) -> Iterator[Step]:
        fresh, facts = self._facts.fresh_baseline, self._facts
        if fresh is None:
            return
        highest_weight = max((step.weight for step in self._steps if step.weight and step.weight <= 50), default=1)
        count = tasks_for(highest_weight, facts.baseline_capacity)
        yield CreateRelease(release=fresh, desired_count=count)
        yield await_healthy(fresh, count, facts.timings)

    def _required_count(self) -> int:
        return max(1, tasks_for(self._weight, self._facts.capacity))

    def _gates(self) -> tuple[str, ...]:
        return self._facts.gates_with_traffic if self._weight else self._facts.gates_before_traffic
