"""A deterministic simulation: drivers, people and faults as actors that are interleaved at every call of a port.

`explore(seed)` runs one random sequence and checks the promises of `promises.py` at every call.
"""

from support.simulation.cases import Case, run_case
from support.simulation.explore import explore
from support.simulation.fast import fast_records
from support.simulation.settle import check_end, settle
from support.simulation.simulation import Simulation
from support.simulation.watch import Broken

__all__ = ["Broken", "Case", "Simulation", "check_end", "explore", "fast_records", "run_case", "settle"]
