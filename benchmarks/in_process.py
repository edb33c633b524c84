"""What happens between a decision and the load balancer, measured inside the driver's process."""

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
    """Weights to and fro between the two newest releases that stand."""
    os.environ.update(stage.variables)
    config = load_environment(stage.project, "local")
    session = Session(config.provider)
    ledger = DynamoLedger(session, config.records, config.application, config.environment, SystemClock())
    stands = [(r.ref, r.outputs) for r in ledger.releases() if r.outputs is not None][:2]
    choices = cycle(
        Allocation(
            weights=(
                Weight(release=ref.release, version=ref.version, target_group_arn=outputs.target_group_arn, weight=100),
            )
        )
        for ref, outputs in stands
    )
    stacks, traffic, bare = PulumiStacks(config, session, threading.Event()), AlbTraffic(session), Bare(stage.endpoint)
    listener = stacks.environment().listener_arn

    def by_bare() -> None:
        bare.modify_listener(listener, next(choices).positive())

    def by_decision() -> None:
        wanted = next(choices)
        traffic.set_weights(listener, wanted)
        if dict(traffic.weights(listener)) != wanted.positive():
            raise RuntimeError("the weights were not read back")

    stacks.apply_allocation(next(choices))
    by_bare()
    by_decision()
    return [
        Figure(
            "weight change through Pulumi",
            "s",
            timed(lambda: stacks.apply_allocation(next(choices)), runs),
            timed(by_bare, runs),
            "≤ 2.5 s",
        ),
        Figure(
            "rollback: decision to weights read back",
            "s",
            timed(by_decision, max(runs, 20)),
            timed(by_bare, max(runs, 20)),
            "at most twice bare",
        ),
    ]
