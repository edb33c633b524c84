"""The steps that a strategy's plan is made of, and the plan that a record pins."""

import hashlib
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from driver.model.frozen import Frozen
from driver.model.release import ReleaseRef


class CreateRelease(Frozen):
    """Create the release's stack, whole; it gets no user's traffic by that."""

    kind: Literal["CreateRelease"] = "CreateRelease"
    release: ReleaseRef


class AwaitHealthy(Frozen):
    """Wait until the named gates pass `consecutive` times in a row, or one fails, or the deadline is over (seconds)."""

    kind: Literal["AwaitHealthy"] = "AwaitHealthy"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    consecutive: int = Field(ge=1)
    interval_seconds: float = Field(gt=0)
    deadline_seconds: float = Field(gt=0)


class SetTraffic(Frozen):
    """Give each named release its weight (percent, summing to 100), and wait until the load balancer has spread it."""

    kind: Literal["SetTraffic"] = "SetTraffic"
    weights: tuple[tuple[ReleaseRef, int], ...]
    margin_seconds: float = Field(ge=0)
    required_count: int = Field(default=1, ge=0)
    """Healthy targets that each release with a positive weight must have when the weight is written."""
    direct_first: bool = False
    """Write to the load balancer before the stack: the fast way out of a failure."""


class Bake(Frozen):
    """Watch the gates for `duration_seconds` while the release has its traffic."""

    kind: Literal["Bake"] = "Bake"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    duration_seconds: float = Field(ge=0)
    interval_seconds: float = Field(gt=0)


class Scale(Frozen):
    """Set the desired count of a release's service, after its drain time where it loses capacity."""

    kind: Literal["Scale"] = "Scale"
    release: ReleaseRef
    desired_count: int = Field(ge=0)
    drain_seconds: float = Field(ge=0)


class Retire(Frozen):
    """Destroy a release's stack, after its drain time; it can be created again from the ledger."""

    kind: Literal["Retire"] = "Retire"
    release: ReleaseRef
    drain_seconds: float = Field(ge=0)


Step = Annotated[
    CreateRelease | AwaitHealthy | SetTraffic | Bake | Scale | Retire,
    Field(discriminator="kind"),
]

_STEPS: TypeAdapter[tuple[Step, ...]] = TypeAdapter(tuple[Step, ...])


class Plan(Frozen):
    """A strategy's steps as they are pinned in the record."""

    strategy: str
    steps: tuple[Step, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of the steps; a record whose steps do not hash to what was recorded is corrupt."""
        return hashlib.sha256(_STEPS.dump_json(self.steps)).hexdigest()
