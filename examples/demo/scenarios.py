"""The demo's scenarios: what each version does, which strategy deploys it, and how its deployment must end."""

from dataclasses import dataclass, field
from typing import Any

# A minute of CloudWatch takes a second in the local cloud (`provider.time_scale: 60`), and its data are complete three
# minutes later.
_QUICK = {"window": "5s", "period": "1s", "interval": "1s", "delay": "3s"}
ERROR_RATE = {"preset": "error-rate", "at_most": 1.0, "minimum_requests": 40, "inconclusive": 15, **_QUICK}
ANALYSIS = {
    "period": "1s",
    "delay": "3s",
    "metrics": {
        "latency": {"preset": "latency-p50", "critical": True, "must_have_data": True, "smallest_effect": 0.5},
        "errors": {"preset": "error-rate", "smallest_difference": 1.0},
    },
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One deployment, and the exit code with which it must end.

    `build_args` are for the shop's Dockerfile; `strategy` and `gates` override those of `Pulumi.local.yaml`.
    """

    version: str
    description: str
    exit_code: int
    build_args: dict[str, str] = field(default_factory=dict)
    strategy: dict[str, Any] = field(default_factory=dict)
    gates: dict[str, Any] = field(default_factory=dict)
    promoted_by_hand: bool = False


def _canary(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "canary", "canary": {"steps": list(steps)}, "bake": "2s"}


SCENARIOS = (
    Scenario("1.0.0", "the first version", 0, strategy={"bake": "2s"}),
    Scenario("2.0.0", "blue-green; test traffic first, then all traffic at once", 0, strategy={"bake": "3s"}),
    Scenario(
        "3.0.0",
        "a canary without a fault; its gates pass",
        0,
        strategy=_canary({"weight": 10}, {"pause": "6s"}, {"weight": 50}, {"pause": "3s"}),
        gates={"metrics": {"error-rate": ERROR_RATE}},
    ),
    Scenario(
        "4.0.0",
        "a canary that answers 5 % of its requests with 500; the error-rate gate fails at weight 10",
        5,
        build_args={"BEHAVIOUR": "errors", "ERROR_EVERY": "20"},
        strategy=_canary({"weight": 10}, {"pause": "30s"}, {"weight": 50}),
        gates={"metrics": {"error-rate": ERROR_RATE}},
    ),
    Scenario(
        "5.0.0",
        "a canary that is 60 ms slower and has no errors; the analysis fails at weight 20",
        5,
        build_args={"BEHAVIOUR": "slow", "SLOW_SECONDS": "0.06"},
        strategy=_canary({"weight": 20}, {"analyse": "10s"}, {"weight": 50}),
        gates={"analysis": ANALYSIS, "metrics": {"error-rate": ERROR_RATE}},
    ),
    Scenario(
        "6.0.0",
        "a canary that waits at weight 25 until a person promotes it",
        0,
        strategy=_canary({"weight": 25}, {"approve": {"timeout": "1m"}}),
        promoted_by_hand=True,
    ),
)
