"""`cutover:strategy`: how traffic moves from the baseline to the candidate."""

import re
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from cutover.config.fields import Count, Duration, Section, unless

Kind = Literal["blue-green", "canary", "linear", "rolling", "recreate"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CodeDeploy = Literal[
    "ECSAllAtOnce",
    "ECSLinear10PercentEvery1Minutes",
    "ECSLinear10PercentEvery3Minutes",
    "ECSCanary10Percent5Minutes",
    "ECSCanary10Percent15Minutes",
]
"""CodeDeploy's predefined configurations for ECS
(https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html)."""
_PREDEFINED: tuple[CodeDeploy, ...] = get_args(CodeDeploy)
_CODEDEPLOY = re.compile(r"^(?:CodeDeployDefault\.)?(?P<name>ECS\w+)$")
_ACTIONS = ("weight", "pause", "approve", "analyse", "scale", "hook", "drill")


class Approval(Section):
    """A step that waits for `cutover promote`."""

    timeout: Duration | None = Field(default=None, gt=0, le=1_209_600, description="`null` waits without end.")
    then: Literal["abort", "promote"] = Field(default="abort", description="What happens when nobody answered.")


class CanaryStep(Section):
    """One step of a canary: exactly one of these keys."""

    weight: Count | None = Field(default=None, ge=1, le=100, description="Percent of the traffic for the candidate.")
    pause: Duration | None = Field(default=None, ge=0, le=172_800, description="Watch the gates for so long.")
    approve: Approval | None = Field(default=None, description="Wait for a person.")
    analyse: Duration | None = Field(
        default=None, gt=0, le=172_800, description="Compare candidate and baseline over so long, by gates.analysis."
    )
    scale: Count | None = Field(default=None, ge=1, le=100, description="Percent of the candidate's full capacity.")
    hook: str | None = Field(default=None, description="Run a hook of `cutover:hooks`, by its name.")
    drill: bool | None = Field(default=None, strict=True, description="`true`: a rollback drill at 1 %.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in _ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(_ACTIONS)}; found {', '.join(given) or 'none'}")
        return self


_DEFAULT_STEPS = tuple(
    CanaryStep.model_validate(step)
    for step in (
        *({name: value} for weight in (10, 25, 50) for name, value in (("weight", weight), ("pause", "5m"))),
        {"weight": 100},
    )
)


class Canary(Section):
    """The steps of a canary, in order; the last weight is 100 whether it is written or not."""

    steps: tuple[CanaryStep, ...] = Field(default=_DEFAULT_STEPS, min_length=1, max_length=100)

    @field_validator("steps")
    @classmethod
    def _weights_grow_within_capacity(cls, steps: tuple[CanaryStep, ...]) -> tuple[CanaryStep, ...]:
        # A plan whose first step of the two is a scale creates the release with that capacity.
        first = next((step for step in steps if step.scale or step.weight), None)
        weight, scale = 0, 0 if first is not None and first.scale else 100
        wrong: list[str] = []
        for number, step in enumerate(steps):
            if step.scale is not None:
                if step.scale <= scale:
                    wrong.append(f"step {number}: capacity does not grow ({scale} → {step.scale} %)")
                scale = step.scale
            elif step.weight is not None:
                if step.weight <= weight:
                    wrong.append(f"step {number}: the weight does not grow ({weight} → {step.weight} %)")
                if step.weight > scale:
                    wrong.append(f"step {number}: {step.weight} % of the traffic on {scale} % of the capacity")
                weight = step.weight
            elif weight == 0 and step.analyse:
                wrong.append(f"step {number}: analyse needs traffic, so a weight must come before it")
            elif weight != 0 and step.drill:
                wrong.append(f"step {number}: a drill comes before the first weight")
        return unless(wrong, steps)


class Linear(Section):
    """So many percent more at every interval."""

    percent: Count = Field(default=10, ge=1, le=100)
    interval: Duration = Field(default=60.0, ge=0, le=172_800)


class Rolling(Section):
    """New capacity in batches, while the old release shrinks."""

    batch_percent: Count = Field(default=25, ge=1, le=100, description="Of the candidate's full capacity.")
    pause: Duration = Field(default=0.0, ge=0, le=172_800, description="Watch the gates after each batch.")


class Recreate(Section):
    """The old release ends before the new one starts: an outage that is declared here."""

    outage: str = Field(min_length=10, description="Why an outage is acceptable; shown in preview and record.")
    maintenance: str = Field(
        default="down for maintenance", min_length=1, max_length=1024, description="Body of the 503 meanwhile."
    )


class StrategyConfig(Section):
    """How traffic moves from the baseline to the candidate."""

    kind: str = Field(
        default="blue-green",
        description=f"{', '.join(KINDS)}; or a name of CodeDeploy's: {', '.join(_PREDEFINED)}.",
    )
    canary: Canary | None = Field(default=None, description="For `canary`.")
    linear: Linear | None = Field(default=None, description="For `linear`.")
    rolling: Rolling | None = Field(default=None, description="For `rolling`.")
    recreate: Recreate | None = Field(default=None, description="For `recreate`, which needs it.")
    bake: Duration = Field(default=600.0, ge=0, le=172_800, description="Watched time at full traffic.")
    propagation_margin: Duration = Field(
        default=10.0, ge=0, le=300, description="Waited after the weights were read back."
    )
    drain: Duration = Field(
        default=30.0, ge=0, le=3600, description="Deregistration delay, and the wait before capacity goes."
    )

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind in KINDS or _codedeploy_name(kind) is not None:
            return kind
        raise ValueError(f"none of {', '.join(KINDS)}, nor one of CodeDeploy's {', '.join(_PREDEFINED)}")

    @model_validator(mode="after")
    def _only_its_own_options(self) -> Self:
        others = [name for name in ("canary", "linear", "rolling", "recreate") if name != self.kind]
        foreign = [name for name in others if getattr(self, name) is not None]
        if foreign:
            raise ValueError(f"{', '.join(foreign)} does not go with kind {self.kind}")
        if self.kind == "recreate" and self.recreate is None:
            raise ValueError("recreate has an outage: give recreate.outage, the reason why that is acceptable")
        return self

    @property
    def codedeploy(self) -> CodeDeploy | None:
        """CodeDeploy's name without its prefix; None where the kind is one of cutover's own."""
        return _codedeploy_name(self.kind)

    @property
    def own_kind(self) -> Kind:
        """The kind where it is one of cutover's own.

        Raises:
            ValueError: it is a name of CodeDeploy's.
        """
        for kind in KINDS:
            if kind == self.kind:
                return kind
        raise ValueError(f"{self.kind} is none of {', '.join(KINDS)}")


def _codedeploy_name(kind: str) -> CodeDeploy | None:
    match = _CODEDEPLOY.match(kind)
    return next((name for name in _PREDEFINED if match is not None and name == match["name"]), None)
