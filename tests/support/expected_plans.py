"""The plans of all strategies for a table of facts, as text; `make expected` writes them to tests/expected/plans."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cutover.config.strategy import StrategyConfig
from cutover.domain import Plan, ReleaseRef
from cutover.planning.registry import make_plan
from cutover.strategies.capacity import percent_of
from cutover.strategies.collect import collect
from cutover.strategies.destroy import destroy
from cutover.strategies.drill import drill
from cutover.strategies.facts import Facts, Timings
from cutover.strategies.retention import surplus
from cutover.strategies.rollback import RollbackFacts, rollback_after_failure, rollback_on_request
from cutover.strategies.way_back import weights_back

_RELEASE, _VERSION = re.compile(r'{"release":"[^"]+","version":("[^"]+"),"digest":"[^"]+"}'), r"\1"
FOLDER = Path(__file__).parents[1] / "expected" / "plans"


def ref(number: int) -> ReleaseRef:
    """A release with this number."""
    return ReleaseRef(release=f"prod-v{number}-{number:08x}", version=f"v{number}", digest=f"{number:064x}")


TIMES = Timings(deadline=300.0, interval=5.0, consecutive=3, bake=600.0, margin=10.0, drain=30.0, min_healthy=60)
FIRST = Facts(candidate=ref(3), capacity=5, baseline=None, timings=TIMES, probe=True, retention="hot")
NEXT = replace(FIRST, baseline=ref(2), baseline_capacity=4)
FACTS = {
    "first deployment": FIRST,
    "first deployment without a probe": replace(FIRST, probe=False, candidate_scaled_to_zero=True),
    "hot": NEXT,
    "warm, a baseline of one task": replace(NEXT, retention="warm", baseline_capacity=1, surplus=(ref(1),)),
    "cold, with metric gates": replace(
        NEXT, retention="cold", surplus=(ref(1), ref(2)), traffic_gates=("errors", "alarms")
    ),
    "scaled to zero, without a probe": replace(NEXT, candidate_scaled_to_zero=True, probe=False, capacity=1),
    "hooks": replace(
        NEXT,
        hooks={
            "BeforeInstall": ("a",),
            "AfterInstall": ("b",),
            "AfterAllowTestTraffic": ("c", "d"),
            "BeforeAllowTraffic": ("e",),
            "AfterAllowTraffic": ("f",),
        },
    ),
    "a fresh baseline": replace(
        NEXT, fresh_baseline=ref(4), analysis_period=30.0, analysis_delay=15.0, surplus=(ref(2),)
    ),
}
_STEPS = [
    {"scale": 40},
    {"weight": 10},
    {"pause": "5m"},
    {"approve": {"timeout": "1h", "then": "abort"}},
    {"weight": 40},
    {"hook": "load-test"},
    {"analyse": "10m"},
    {"scale": 100},
    {"weight": 100},
]
STRATEGIES: dict[str, dict[str, Any]] = {
    "blue-green": {"kind": "blue-green"},
    "canary": {"kind": "canary", "canary": {"steps": _STEPS}},
    "canary-waits-first": {
        "kind": "canary",
        "canary": {"steps": [{"scale": 50}, {"pause": "1m"}, {"weight": 50}]},
    },
    "canary-by-default": {"kind": "canary"},
    "canary-drill": {"kind": "canary", "canary": {"steps": [{"drill": True}, {"weight": 20}, {"pause": "1m"}]}},
    "linear": {"kind": "linear", "linear": {"percent": 30, "interval": "2m"}},
    "linear-by-default": {"kind": "linear"},
    "rolling": {"kind": "rolling", "rolling": {"batch_percent": 40, "pause": "1m"}},
    "rolling-by-default": {"kind": "rolling"},
    "recreate": {"kind": "recreate", "recreate": {"outage": "one table for both", "maintenance": "back soon"}},
    **{
        f"codedeploy-{name}": {"kind": name}
        for name in (
            "ECSAllAtOnce",
            "ECSLinear10PercentEvery1Minutes",
            "ECSLinear10PercentEvery3Minutes",
            "ECSCanary10Percent5Minutes",
            "ECSCanary10Percent15Minutes",
        )
    },
}


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in plans().items():
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    return 0


def plans() -> dict[str, str]:
    """Name of the file → its text."""
    deployments = {name: _deployments(StrategyConfig.model_validate(raw)) for name, raw in STRATEGIES.items()}
    every = {**deployments, "rollback": _rollbacks(), "other": _others()}
    numbers = [f"{name}: {value}" for name, value in (*_weights_back(), *_percents())]
    return {**{name: _text(each) for name, each in every.items()}, "numbers": "\n".join(numbers) + "\n"}


def _deployments(strategy: StrategyConfig) -> Iterator[tuple[str, Plan]]:
    for name, facts in FACTS.items():
        yield name, make_plan(strategy, facts)


def _rollbacks() -> Iterator[tuple[str, Plan]]:
    facts = RollbackFacts(
        failed=ref(3),
        failed_exists=True,
        failed_weight=40,
        target=ref(2),
        target_capacity=4,
        target_state="serving",
        timings=TIMES,
        target_desired=4,
        target_weight=60,
        leftovers=(ref(4),),
        traffic_moved=True,
    )
    table = {
        "both serve": facts,
        "the failed one had no traffic": replace(facts, failed_weight=0, target_weight=100, traffic_moved=False),
        "the target has all traffic and too few tasks": replace(
            facts, failed_weight=0, target_weight=100, target_desired=2
        ),
        "one percent is left on the failed one": replace(facts, failed_weight=1, target_weight=100),
        "the weights of the target are not confirmed": replace(facts, failed_weight=0, target_weight=99),
        "the target is warm": replace(facts, target_state="warm", target_desired=0, target_weight=0, leftovers=()),
        "the target is cold": replace(facts, target_state="cold", target_desired=0, target_weight=0),
        "no target": replace(facts, target=None, target_state="none", target_capacity=0, target_desired=0),
        "no target and no traffic": replace(facts, target=None, target_state="none", failed_weight=0),
        "nothing exists": replace(facts, failed_exists=False, leftovers=()),
        "a target without a capacity": replace(facts, target_capacity=0, target_desired=0),
    }
    for name, each in table.items():
        yield f"after a failure: {name}", rollback_after_failure(each)
        if each.target is not None:
            yield f"on request: {name}", rollback_on_request(each)


def _others() -> Iterator[tuple[str, Plan]]:
    yield "gc", collect((ref(1), ref(2)), 30.0)
    yield "destroy", destroy((ref(1), ref(2)), TIMES)
    yield "drill", drill(ref(3), 5, ref(2), 10.0)
    former, left = (ref(4), ref(3), ref(2)), (ref(5),)
    for mode in ("hot", "warm", "cold"):
        for keep in (0, 1, 2):
            for succeeded in (True, False):
                kept = surplus(former, left, mode, keep, serving_has_succeeded=succeeded)  # type: ignore[arg-type]
                yield f"surplus, {mode}, keep {keep}, the serving one has succeeded: {succeeded}", collect(kept, 0.0)


def _weights_back() -> Iterator[tuple[str, object]]:
    for current in ({"failed": 100}, {"failed": 40, "target": 60}, {"target": 100}, {}):
        for healthy, capacity in ((0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (100, 101)):
            for failed_healthy in (0, 2):
                for percent in (50, 100):
                    weights = weights_back(
                        current,
                        "target",
                        "failed",
                        target_healthy=healthy,
                        target_capacity=capacity,
                        failed_healthy=failed_healthy,
                        min_healthy_percent=percent,
                    )
                    name = f"{current}, {healthy} of {capacity} healthy, {failed_healthy} of the failed, {percent} %"
                    yield name, weights


def _percents() -> Iterator[tuple[str, object]]:
    for capacity in (1, 3, 100):
        yield f"percent of {capacity} tasks", [percent_of(tasks, capacity) for tasks in (0, 1, 2, 50, 101)]


def _text(every: Iterator[tuple[str, Plan]]) -> str:
    blocks = []
    for name, plan in every:
        steps = [f"  {_RELEASE.sub(_VERSION, step.model_dump_json(exclude_none=True))}" for step in plan.steps]
        blocks.append("\n".join([f"{name}: {plan.strategy}, cleans up from {plan.clean_up_from}", *steps]))
    return "\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    sys.exit(main())
