"""The scenes of the demo: which version is deployed how, how it behaves, and how that must end."""

from dataclasses import dataclass, field
from typing import Any

# CloudWatch's data are a second old on the local cloud, where a real account waits for a minute.
_QUICK = {"window": "5s", "period": "1s", "interval": "1s", "delay": "1s"}
ERROR_RATE = {"preset": "error-rate", "at_most": 1.0, "minimum_requests": 40, "inconclusive": 15, **_QUICK}
ANALYSIS = {
    "period": "1s",
    "delay": "1s",
    "metrics": {
        "latency": {"preset": "latency-p50", "critical": True, "must_have_data": True, "smallest_effect": 0.5},
        "errors": {"preset": "error-rate", "smallest_difference": 1.0},
    },
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One deployment; `strategy` and `gates` are laid over those of `Pulumi.local.yaml`."""

    version: str
    story: str
    wanted: int
    build: dict[str, str] = field(default_factory=dict)
    strategy: dict[str, Any] = field(default_factory=dict)
    gates: dict[str, Any] = field(default_factory=dict)
    promoted_by_hand: bool = False


def _canary(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "canary", "canary": {"steps": list(steps)}, "bake": "2s"}


SCENES = (
    Scene("1.0.0", "the first version", 0, strategy={"bake": "2s"}),
    Scene("2.0.0", "blue-green: proven by test traffic, then all at once", 0, strategy={"bake": "3s"}),
    Scene(
        "3.0.0",
        "a canary, and its gates promote it",
        0,
        strategy=_canary({"weight": 10}, {"pause": "6s"}, {"weight": 50}, {"pause": "3s"}),
        gates={"metrics": {"error-rate": ERROR_RATE}},
    ),
    Scene(
        "4.0.0",
        "a canary that answers 500 to 5 % of its requests: the metric gate stops it at 10 %",
        5,
        build={"BEHAVIOUR": "errors", "ERROR_EVERY": "20"},
        strategy=_canary({"weight": 10}, {"pause": "30s"}, {"weight": 50}),
        gates={"metrics": {"error-rate": ERROR_RATE}},
    ),
    Scene(
        "5.0.0",
        "a canary that is 60 ms slower and errs in nothing: only the analysis sees it",
        5,
        build={"BEHAVIOUR": "slow", "SLOW_SECONDS": "0.06"},
        strategy=_canary({"weight": 20}, {"analyse": "10s"}, {"weight": 50}),
        gates={"analysis": ANALYSIS, "metrics": {"error-rate": ERROR_RATE}},
    ),
    Scene(
        "6.0.0",
        "a canary that waits for a person, and is promoted from a second process",
        0,
        strategy=_canary({"weight": 25}, {"approve": {"timeout": "1m"}}),
        promoted_by_hand=True,
    ),
)
