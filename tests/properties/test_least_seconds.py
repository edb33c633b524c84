"""The preview shows the least time of a plan; no deployment that succeeds is faster."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cutover import operations
from cutover.domain import Status
from cutover.execution.handlers.registry import least_seconds
from support.fakes import InMemoryEnvironment

ANALYSIS = {"metrics": {"latency": {"preset": "latency-p90"}}}


def seconds(most: int) -> st.SearchStrategy[str]:
    return st.integers(0, most).map(lambda value: f"{value}s")


@st.composite
def canary_steps(draw: st.DrawFn) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = [{"drill": True}] if draw(st.booleans()) else []
    scale = draw(st.sampled_from([0, 100]))
    weights = draw(st.sets(st.sampled_from([1, 2, 10, 25, 50, 51, 99, 100]), min_size=1, max_size=4))
    for weight in sorted(weights):
        if scale < weight:
            scale = draw(st.integers(weight, 100))
            steps.append({"scale": scale})
        steps.append({"weight": weight})
        if draw(st.booleans()):
            steps.append({"pause": draw(seconds(90))})
        # Above 50 % there is no traffic left for a fresh baseline.
        if weight <= 50 and draw(st.booleans()):
            steps.append({"analyse": f"{draw(st.integers(900, 1200))}s"})
    return steps


@st.composite
def strategy_sections(draw: st.DrawFn) -> dict[str, object]:
    kind = draw(st.sampled_from(["blue-green", "canary", "linear", "rolling", "recreate"]))
    options: dict[str, object] = {}
    match kind:
        case "canary":
            options = {"canary": {"steps": draw(canary_steps())}}
        case "linear":
            options = {"linear": {"percent": draw(st.integers(1, 100)), "interval": draw(seconds(60))}}
        case "rolling":
            options = {"rolling": {"batch_percent": draw(st.integers(1, 100)), "pause": draw(seconds(60))}}
        case "recreate":
            options = {"recreate": {"outage": "nobody works at night"}}
    times = {"bake": draw(seconds(120)), "propagation_margin": draw(seconds(30)), "drain": draw(seconds(120))}
    return {"kind": kind, **options, **times}


@settings(max_examples=150, deadline=None)
@given(
    sections=st.lists(strategy_sections(), min_size=1, max_size=3),
    mode=st.sampled_from(["hot", "warm", "cold"]),
    keep=st.integers(0, 3),
    again=st.booleans(),
    analysis=st.fixed_dictionaries(
        {
            "baseline": st.sampled_from(["running", "fresh"]),
            "period": st.sampled_from(["60s", "120s"]),
            "delay": seconds(120),
        }
    ),
)
def test_a_deployment_that_succeeds_takes_at_least_the_time_that_the_preview_shows(
    sections: list[dict[str, object]], mode: str, keep: int, again: bool, analysis: dict[str, object]
) -> None:
    environment = InMemoryEnvironment()
    environment.cloud.values = {(f"v{number}", "p90"): 0.1 for number in range(1, 4)}
    versions = [f"v{number}" for number in range(1, len(sections) + 1)]
    for version, section in [*zip(versions, sections, strict=True), *([("v1", sections[0])] if again else [])]:
        driver = environment.driver(
            version, strategy=section, retention={"mode": mode, "keep": keep}, gates={"analysis": ANALYSIS | analysis}
        )
        prepared = operations.prepare(driver)
        execution = operations.deploy(driver)
        if execution is None:
            continue
        assert execution.status is Status.COMPLETED, execution.error
        assert execution.completed_at is not None
        taken = (execution.completed_at - execution.started_at).total_seconds()
        assert taken >= least_seconds(prepared.plan) - 0.001, [step.kind for step in prepared.plan.steps]
