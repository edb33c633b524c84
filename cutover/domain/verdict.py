"""A gate's verdict: one of four outcomes, never a bare boolean, with its reason and what was measured."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from cutover.domain.frozen import Frozen


class Outcome(StrEnum):
    """What a gate says; absence of data is INCONCLUSIVE and never PASS."""

    PASS = "PASS"  # noqa: S105 - an outcome, no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class Verdict(Frozen):
    """What one gate said of one release at one time."""

    gate: str
    verdict: Outcome
    reason: str
    measurements: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    at: datetime | None = None
    decided: bool = False
    """The gate will not change its mind: what it allows of failures, silence or errors is used up."""
    dry_run: bool = False
    """It only reports."""

    @property
    def stops(self) -> bool:
        """Whether the deployment must not go on."""
        return not self.dry_run and (
            self.verdict is Outcome.FAIL or (self.decided and self.verdict is not Outcome.PASS)
        )
