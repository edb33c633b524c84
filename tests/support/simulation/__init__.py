"""A deterministic simulation: drivers, people and faults as actors that are interleaved at every call of a port.

`run_case(case_of(seed))` runs one random sequence and checks the promises of `promises.py` at every call.
"""

from support.simulation.cases import Case, case_of, run_case
from support.simulation.fast import fast_records
from support.simulation.promises import Broken
from support.simulation.settle import check_end, settle
from support.simulation.simulation import Simulation

__all__ = ["Broken", "Case", "Simulation", "case_of", "check_end", "fast_records", "run_case", "settle"]
