"""Measures in one process the time from a decision of the driver until the load balancer has the new weights."""

import os
import threading
from itertools import cycle

from benchmarks.bare import Bare
from benchmarks.figures import Figure, timed
from benchmarks.stage import Stage
from cutover.adapters.alb import AlbTraffic
from cutover.adapters.clock import SystemClock
from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.adapters.stacks import PulumiStacks
from cutover.config import load_environment
from cutover.domain import Allocation, Weight


def measure(stage: Stage, runs: int) -> list[Figure]:
    """Move all traffic between the two newest releases that have a stack, and measure each move.

    Raises:
        RuntimeError: the load balancer does not have the weights that were written.
    """
    os.environ.update(stage.variables)
    config = load_environment(stage.project, "local")
    session = Session(config.provider)
    ledger = DynamoLedger(session, config.records, config.application, config.environment, SystemClock())
    releases = [(r.ref, r.outputs) for r in ledger.releases() if r.outputs is not None][:2]
    allocations = cycle(
        Allocation(
            weights=(
                Weight(release=ref.release, version=ref.version, target_group_arn=outputs.target_group_arn, weight=100),
            )
        )
        for ref, outputs in releases
    )
    stacks = PulumiStacks(config, session, interruption=threading.Event(), lease_lost=threading.Event())
    traffic, bare = AlbTraffic(session), Bare(stage.endpoint)
    listener = stacks.environment().listener_arn

    def by_bare() -> None:
        bare.modify_listener(listener, next(allocations).positive())

    def by_decision() -> None:
        allocation = next(allocations)
        traffic.set_weights(listener, allocation)
        if dict(traffic.weights(listener)) != allocation.positive():
            raise RuntimeError("the load balancer does not have the weights that were written")

    stacks.apply_allocation(next(allocations))
    by_bare()
    by_decision()
    return [
        Figure(
            "weight change through Pulumi",
            "s",
            timed(lambda: stacks.apply_allocation(next(allocations)), runs),
            timed(by_bare, runs),
            "≤ 1.0 s",
        ),
        Figure(
            "rollback: decision to weights read back",
            "s",
            timed(by_decision, max(runs, 20)),
            timed(by_bare, max(runs, 20)),
            "at most twice bare",
        ),
    ]
