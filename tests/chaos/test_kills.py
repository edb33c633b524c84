"""Whatever is killed, and whenever: `resume` brings the execution to its end, and nothing is left behind.

CUTOVER_KILLS is the number of kills (10), CUTOVER_SEED the seed (1).
"""

import os
import time

import pytest

from chaos.kills import Chaos, live_weights, orphans, stacks, standing, table
from support.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]
_ORPHANS_SECONDS = 30.0
"""A service that was just deleted is still visible while its tasks stop."""


def test_after_every_kill_the_traffic_is_whole_and_nothing_is_orphaned(shell: Shell) -> None:
    shell.edit("cutover:retention:", "cutover:interrupt_grace: 10s\n  cutover:retention:")
    shell.edit("lease: 10s", "lease: 5s")
    # Kills are the subject here; lags of AWS would only make each run longer.
    assert shell.cutover("local", "weather", "calm").code == 0
    shell.set_release("1.0.0")
    assert shell.cutover("deploy").code == 0
    chaos, kills = Chaos(shell, int(os.environ.get("CUTOVER_SEED", "1"))), []
    try:
        wanted = int(os.environ.get("CUTOVER_KILLS", "10"))
        while sum(kill.happened for kill in kills) < wanted:
            assert len(kills) < 4 * wanted, "most kills come too late"
            kills.append(chaos.kill_once())
            assert sum(live_weights(shell)) == 100, kills[-1]
    finally:
        print(table(kills))
    deadline = time.monotonic() + _ORPHANS_SECONDS
    while (left := orphans(shell)) and time.monotonic() < deadline:
        time.sleep(1.0)
    assert left == {}
    # No lock, no record and no half-done stack of a killed process stands in the way of the next deployment.
    shell.set_release("2.0.0")
    after = shell.cutover("deploy")
    assert (after.code, after.last["status"]) == (0, "COMPLETED"), after.out[-2000:]
    assert stacks(shell) == {"local", "repositories-123456789012-eu-west-1", *standing(shell)}
