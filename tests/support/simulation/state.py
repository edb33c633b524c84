"""What two runs have in common when they come to the same end."""

from support.fakes.cloud import release_of
from support.simulation.simulation import Simulation

State = dict[str, object]


def state_of(simulation: Simulation) -> State:
    """Weights, stacks, tasks and records: everything but times, names of drivers and history."""
    world, ledger = simulation.world, simulation.ledger
    good = ledger.good()
    serving = max(world.weights, key=lambda arn: world.weights[arn], default="")
    return {
        "weights": dict(world.weights),
        "recorded": ledger.allocation().positive(),
        "stacks": {name: (world.desired.get(name, 0), world.healthy(name)) for name in world.stacks},
        "unfinished": sorted({*world.unfinished, *world.pending}),
        "releases": {r.ref.release: r.state.value for r in ledger.standing()},
        "good": good.names,
        "next rollback": good.target_from(release_of(serving)) if serving else None,
    }
