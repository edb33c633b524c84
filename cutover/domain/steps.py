"""The kinds of steps in a plan, and the plan that an execution's record pins."""

from typing import Annotated, Literal

from pydantic import Field

from cutover.domain.frozen import Frozen, sha256_of
from cutover.domain.release import ReleaseRef

HookPoint = Literal[
    "BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic", "Step"
]
"""CodeDeploy's five lifecycle events for hooks, and `Step` for a hook that is a step of a canary
(https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html)."""


class CreateRelease(Frozen):
    """Create the release's stack. The release gets test traffic, but no user traffic."""

    kind: Literal["CreateRelease"] = "CreateRelease"
    release: ReleaseRef
    desired_count: int = Field(ge=1)
    """Number of tasks at the start."""


class AwaitHealthy(Frozen):
    """Wait until all `gates` pass `consecutive` checks in a row. Fail if a gate fails, or after `deadline_seconds`."""

    kind: Literal["AwaitHealthy"] = "AwaitHealthy"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    """Number of tasks and targets that must be healthy."""
    consecutive: int = Field(ge=1)
    interval_seconds: float = Field(gt=0)
    deadline_seconds: float = Field(gt=0)


class AwaitStopped(Frozen):
    """Wait until no task of the release runs. Fail after `deadline_seconds`."""

    kind: Literal["AwaitStopped"] = "AwaitStopped"
    release: ReleaseRef
    interval_seconds: float = Field(gt=0)
    deadline_seconds: float = Field(gt=0)


class Share(Frozen):
    """The traffic of one release: `weight` in percent, and the number of healthy targets that it requires."""

    release: ReleaseRef
    weight: int = Field(ge=0, le=100)
    required_count: int = Field(ge=0)


class SetTraffic(Frozen):
    """Give each release its share, then wait `margin_seconds` until all load balancer nodes use the weights.

    The weights sum to 100. Without shares the load balancer answers every request with status 503 and `maintenance` as
    the body.
    """

    kind: Literal["SetTraffic"] = "SetTraffic"
    shares: tuple[Share, ...]
    margin_seconds: float = Field(ge=0)
    maintenance: str = ""

    def weight_of(self, release: ReleaseRef) -> int:
        """Percent of the traffic that this step gives to `release`."""
        return sum(share.weight for share in self.shares if share.release == release)


class Bake(Frozen):
    """Watch the gates for `duration_seconds` while the release has traffic."""

    kind: Literal["Bake"] = "Bake"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    duration_seconds: float = Field(ge=0)
    interval_seconds: float = Field(gt=0)


class Analyse(Frozen):
    """Compare the release with a baseline, both measured in the same whole periods of `duration_seconds`."""

    kind: Literal["Analyse"] = "Analyse"
    release: ReleaseRef
    baseline: ReleaseRef
    gates: tuple[str, ...]
    """Gates to watch during the analysis."""
    required_count: int = Field(ge=1)
    duration_seconds: float = Field(gt=0)
    interval_seconds: float = Field(gt=0)
    period_seconds: float = Field(gt=0)
    """Length of a period; each period gives one sample."""
    delay_seconds: float = Field(ge=0)
    """Time from the end of a period until its data are complete."""


class Approve(Frozen):
    """Wait until a person runs `cutover promote`, and watch the gates during the wait."""

    kind: Literal["Approve"] = "Approve"
    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int = Field(ge=1)
    interval_seconds: float = Field(gt=0)
    timeout_seconds: float | None = Field(gt=0)
    """None waits without a limit."""
    on_timeout: Literal["abort", "promote"]


class RunHook(Frozen):
    """Run one of the user's hooks. `hook` is its name in the configuration."""

    kind: Literal["RunHook"] = "RunHook"
    release: ReleaseRef
    hook: str
    point: HookPoint


class Drill(Frozen):
    """Test a rollback: give `release` 1 %, 0 % and 1 % of the traffic, and time each change of weights."""

    kind: Literal["Drill"] = "Drill"
    release: ReleaseRef
    serving: ReleaseRef
    margin_seconds: float = Field(ge=0)


class ShiftBack(Frozen):
    """Move the traffic from `failed` to `release`: at once what its healthy targets carry, more with each gain.

    It gets everything with `min_healthy_percent` of its capacity healthy, or if `failed` has no healthy target.
    """

    kind: Literal["ShiftBack"] = "ShiftBack"
    release: ReleaseRef
    failed: ReleaseRef
    capacity: int = Field(ge=1)
    """Tasks of `release` at full capacity."""
    min_healthy_percent: int = Field(ge=1, le=100)
    interval_seconds: float = Field(gt=0)
    deadline_seconds: float = Field(gt=0)
    """Time without a gain of capacity after which an operator is needed."""
    margin_seconds: float = Field(ge=0)
    keep_failed: bool = False
    """Whether the listener still names `failed`, with weight 0; a rollback on request keeps it as a standby."""


class Drain(Frozen):
    """Wait until `seconds` have passed since the last change of weights, so that open requests can finish."""

    kind: Literal["Drain"] = "Drain"
    seconds: float = Field(ge=0)


class Scale(Frozen):
    """Set the desired count of a release's service."""

    kind: Literal["Scale"] = "Scale"
    release: ReleaseRef
    desired_count: int = Field(ge=0)


class Retire(Frozen):
    """Destroy a release's stack. It can be created again from the manifest in the ledger."""

    kind: Literal["Retire"] = "Retire"
    release: ReleaseRef


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
    | ShiftBack
    | Drain
    | Scale
    | Retire,
    Field(discriminator="kind"),
]


class Plan(Frozen):
    """The steps of a strategy, as an execution's record pins them."""

    strategy: str
    steps: tuple[Step, ...]
    clean_up_from: int | None = None
    """Index of the first step that only cleans up: the execution has succeeded before it; a failure is a warning."""

    @property
    def hash(self) -> str:
        """SHA-256 of the plan in hexadecimal. If it differs from the recorded hash, the record is corrupt."""
        return sha256_of(self)
