"""`cutover:strategy`: how traffic shifts from the baseline to the candidate."""

import re
from collections.abc import Sequence
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
_MOST_BESIDE_A_FRESH_BASELINE = 50
"""Percent: a fresh baseline gets the same weight as the candidate."""
_ACTIONS = ("weight", "pause", "approve", "analyse", "scale", "hook", "drill")


class Approval(Section):
    """Wait until a person runs `cutover promote`."""

    timeout: Duration | None = Field(default=None, gt=0, le=1_209_600, description="Longest wait; `null` for no limit.")
    then: Literal["abort", "promote"] = Field(default="abort", description="What happens at the timeout.")


class CanaryStep(Section):
    """One step of a canary. It has exactly one of these keys."""

    weight: Count | None = Field(
        default=None, ge=1, le=100, description="Percent of the traffic that the candidate gets."
    )
    pause: Duration | None = Field(default=None, ge=0, le=172_800, description="Watch the gates for this time.")
    approve: Approval | None = Field(default=None, description="Wait for a person.")
    analyse: Duration | None = Field(
        default=None,
        gt=0,
        le=172_800,
        description="Compare the candidate with the baseline for this time; see `cutover:gates.analysis`.",
    )
    scale: Count | None = Field(
        default=None, ge=1, le=100, description="Scale the candidate to this percentage of its full capacity."
    )
    hook: str | None = Field(default=None, description="Run this hook of `cutover:hooks`.")
    drill: bool | None = Field(
        default=None, strict=True, description="`true`: test a rollback with 1 % of the traffic."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in _ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a step has exactly one of {', '.join(_ACTIONS)}; this one has {', '.join(given) or 'none'}"
            )
        return self


_DEFAULT_STEPS = tuple(
    CanaryStep.model_validate(step)
    for step in (
        *({name: value} for weight in (10, 25, 50) for name, value in (("weight", weight), ("pause", "5m"))),
        {"weight": 100},
    )
)


class Canary(Section):
    """The steps of a canary, in order. After the last step the candidate gets 100 % of the traffic."""

    steps: tuple[CanaryStep, ...] = Field(
        default=_DEFAULT_STEPS,
        min_length=1,
        max_length=100,
        description="By default 10, 25, 50 and 100 % of the traffic, with a pause of 5 minutes between them.",
    )

    @field_validator("steps")
    @classmethod
    def _weights_grow_within_capacity(cls, steps: tuple[CanaryStep, ...]) -> tuple[CanaryStep, ...]:
        # If a scale comes before the first weight, the release is created at that scale; else at full capacity.
        first = next((step for step in steps if step.scale or step.weight), None)
        weight, scale = 0, 0 if first is not None and first.scale else 100
        wrong: list[str] = []
        for number, step in enumerate(steps):
            if step.scale is not None:
                if step.scale <= scale:
                    wrong.append(f"step {number}: scale must grow ({scale} % → {step.scale} %)")
                scale = step.scale
            elif step.weight is not None:
                if step.weight <= weight:
                    wrong.append(f"step {number}: weight must grow ({weight} % → {step.weight} %)")
                if step.weight > scale:
                    wrong.append(f"step {number}: weight {step.weight} % is more than the capacity of {scale} %")
                weight = step.weight
            elif weight == 0 and step.analyse:
                wrong.append(f"step {number}: analyse needs traffic; put a weight before it")
            elif weight != 0 and step.drill:
                wrong.append(f"step {number}: a drill must come before the first weight")
        return unless(wrong, steps)


class Linear(Section):
    """Shift the same percentage of the traffic at every interval."""

    percent: Count = Field(default=10, ge=1, le=100, description="Percent of the traffic to shift at each interval.")
    interval: Duration = Field(default=60.0, ge=0, le=172_800, description="Time to watch the gates after each shift.")


class Rolling(Section):
    """Start the new tasks in batches, and stop the old ones at the same rate."""

    batch_percent: Count = Field(
        default=25, ge=1, le=100, description="Size of a batch, in percent of the candidate's full capacity."
    )
    pause: Duration = Field(default=0.0, ge=0, le=172_800, description="Time to watch the gates after each batch.")


class Recreate(Section):
    """Stop the old release before the new one starts. This causes an outage."""

    outage: str = Field(min_length=10, description="Why an outage is acceptable; shown in the preview and the record.")
    maintenance: str = Field(
        default="down for maintenance",
        min_length=1,
        max_length=1024,
        description="Body of the 503 response during the outage.",
    )


class StrategyConfig(Section):
    """How traffic shifts from the baseline to the candidate."""

    kind: str = Field(
        default="blue-green",
        description=f"{', '.join(KINDS)}, or a CodeDeploy configuration: {', '.join(_PREDEFINED)}.",
    )
    canary: Canary | None = Field(default=None, description="Options of `canary`.")
    linear: Linear | None = Field(default=None, description="Options of `linear`.")
    rolling: Rolling | None = Field(default=None, description="Options of `rolling`.")
    recreate: Recreate | None = Field(default=None, description="Options of `recreate`; required for it.")
    bake: Duration = Field(default=600.0, ge=0, le=172_800, description="Time to watch the gates at full traffic.")
    propagation_margin: Duration = Field(
        default=10.0,
        ge=0,
        le=300,
        description="Wait after a change of weights, until all load balancer nodes use the new weights.",
    )
    drain: Duration = Field(
        default=30.0,
        ge=0,
        le=3600,
        description="Deregistration delay, and the wait before the tasks of a release are stopped.",
    )

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind in KINDS or _codedeploy_name(kind) is not None:
            return kind
        raise ValueError(f"unknown strategy; use one of {', '.join((*KINDS, *_PREDEFINED))}")

    @model_validator(mode="after")
    def _only_its_own_options(self) -> Self:
        others = [name for name in ("canary", "linear", "rolling", "recreate") if name != self.kind]
        unused = [name for name in others if getattr(self, name) is not None]
        if unused:
            raise ValueError(f"the kind is {self.kind}, so remove the options of {', '.join(unused)}")
        if self.kind == "recreate" and self.recreate is None:
            raise ValueError("recreate causes an outage; give recreate.outage, the reason why that is acceptable")
        return self

    @property
    def codedeploy(self) -> CodeDeploy | None:
        """The name of the CodeDeploy configuration without its prefix; None if the kind is one of `KINDS`."""
        return _codedeploy_name(self.kind)

    @property
    def own_kind(self) -> Kind:
        """The kind, if it is one of `KINDS`.

        Raises:
            ValueError: the kind is the name of a CodeDeploy configuration.
        """
        for kind in KINDS:
            if kind == self.kind:
                return kind
        raise ValueError(f"{self.kind} is not one of {', '.join(KINDS)}")


def too_high_for_a_fresh_baseline(steps: Sequence[CanaryStep]) -> list[str]:
    """One sentence for each `analyse` at a weight that leaves too little traffic for a fresh baseline."""
    weight = 0
    wrong = []
    for number, step in enumerate(steps):
        weight = step.weight or weight
        if step.analyse is not None and weight > _MOST_BESIDE_A_FRESH_BASELINE:
            wrong.append(
                f"strategy.canary.steps: step {number}: analyse at weight {weight} % leaves less than {weight} % for "
                f"the fresh baseline; analyse at {_MOST_BESIDE_A_FRESH_BASELINE} % or less, or use gates.analysis."
                "baseline: running"
            )
    return wrong


def _codedeploy_name(kind: str) -> CodeDeploy | None:
    match = _CODEDEPLOY.match(kind)
    return next((name for name in _PREDEFINED if match is not None and name == match["name"]), None)
