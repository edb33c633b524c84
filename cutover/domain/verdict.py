"""A gate's verdict: one of four outcomes, with its reason and the measurements behind it."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from cutover.domain.frozen import Frozen


class Outcome(StrEnum):
    """Outcome of a gate. Missing data is INCONCLUSIVE, never PASS."""

    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class Verdict(Frozen):
    """The verdict of one gate on one release at one time."""

    gate: str
    verdict: Outcome
    reason: str
    measurements: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    at: datetime | None = None
    decided: bool = False
    """Whether the verdict is final: the gate has had more failures, INCONCLUSIVE or ERROR results than it allows."""
    degraded: bool = False
    """Whether too few tasks are healthy, but at least half of those that are needed: ECS may be replacing some."""
    dry_run: bool = False
    """Whether the gate only reports and never stops the deployment."""

    @property
    def stops(self) -> bool:
        """Whether the deployment must not continue."""
        return not self.dry_run and (
            self.verdict is Outcome.FAIL or (self.decided and self.verdict is not Outcome.PASS)
        )
