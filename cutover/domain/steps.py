"""The steps that a strategy's plan is made of, and the plan that a record pins."""

import hashlib
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from cutover.domain.frozen import Frozen
from cutover.domain.release import ReleaseRef

HookPoint = Literal[
    "BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic", "Step"
]
"""CodeDeploy's five points, and a step of a canary
(https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html)."""


class CreateRelease(Frozen):
    """Create the release's stack, whole; it gets no user's traffic by that."""

    kind: Literal["CreateRelease"] = "CreateRelease"
    release: ReleaseRef
    desired_count: int = Field(ge=1)
    """Tasks that it begins with."""


class AwaitHealthy(Frozen):
    """Wait until the named gates pass `consecutive` times in a row, or one fails, or the deadline is over (seconds)."""

    kind: Literal["AwaitHealthy"] = "AwaitHealthy"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    consecutive: int = Field(ge=1)
    interval_seconds: float = Field(gt=0)
    deadline_seconds: float = Field(gt=0)


class AwaitStopped(Frozen):
    """Wait until no task of the release runs any more."""

    kind: Literal["AwaitStopped"] = "AwaitStopped"
    release: ReleaseRef
    interval_seconds: float = Field(gt=0)
    deadline_seconds: float = Field(gt=0)


class Share(Frozen):
    """One release's percent of the traffic, and the healthy targets that it must have for it."""

    release: ReleaseRef
    weight: int = Field(ge=0, le=100)
    required_count: int = Field(ge=0)


class SetTraffic(Frozen):
    """Give each release its share (they sum to 100), and wait until the load balancer has spread it.

    No shares at all: the load balancer itself answers, with 503 and `maintenance` as the body.
    """

    kind: Literal["SetTraffic"] = "SetTraffic"
    shares: tuple[Share, ...]
    margin_seconds: float = Field(ge=0)
    maintenance: str = ""
    direct_first: bool = False
    """Write to the load balancer before the stack: the fast way out of a failure."""

    def weight_of(self, release: ReleaseRef) -> int:
        """Percent of the traffic that this step gives to `release`."""
        return sum(share.weight for share in self.shares if share.release == release)


class Bake(Frozen):
    """Watch the gates for `duration_seconds` while the release has its traffic."""

    kind: Literal["Bake"] = "Bake"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    duration_seconds: float = Field(ge=0)
    interval_seconds: float = Field(gt=0)


class Analyse(Frozen):
    """Compare the release with a baseline over the whole periods in `duration_seconds` of the same time."""

    kind: Literal["Analyse"] = "Analyse"
    release: ReleaseRef
    baseline: ReleaseRef
    gates: tuple[str, ...]
    """Watched during the analysis."""
    required_count: int = Field(ge=1)
    duration_seconds: float = Field(gt=0)
    interval_seconds: float = Field(gt=0)
    period_seconds: float = Field(gt=0)
    """One sample for each."""
    delay_seconds: float = Field(ge=0)
    """How late the data are complete."""


class Approve(Frozen):
    """Wait for a person's `promote`, watching the gates meanwhile."""

    kind: Literal["Approve"] = "Approve"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    interval_seconds: float = Field(gt=0)
    timeout_seconds: float | None = Field(gt=0)
    on_timeout: Literal["abort", "promote"]


class RunHook(Frozen):
    """Run one hook of the user's, by its name in the configuration."""

    kind: Literal["RunHook"] = "RunHook"
    release: ReleaseRef
    hook: str
    point: HookPoint


class Drill(Frozen):
    """Prove the way back: give `release` 1 %, nothing, and 1 % again, and time how fast the load balancer follows."""

    kind: Literal["Drill"] = "Drill"
    release: ReleaseRef
    serving: ReleaseRef
    margin_seconds: float = Field(ge=0)


class Scale(Frozen):
    """Set the desired count of a release's service, after its drain time where it loses all capacity."""

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
    CreateRelease
    | AwaitHealthy
    | AwaitStopped
    | SetTraffic
    | Bake
    | Analyse
    | Approve
    | RunHook
    | Drill
    | Scale
    | Retire,
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
