"""A simulation with version v1 in service."""

from collections.abc import Iterator

import pytest

from support.simulation import Simulation, fast_records


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with fast_records():
        simulation = Simulation()
        simulation.start("deploy", "v1")
        simulation.finish()
        yield simulation
        simulation.close()
