"""Every strategy: a deployment that succeeds, one that fails at each step, and one that a person aborts at each step.

Each write of traffic is checked: the weights sum to 100 or are empty (a declared outage), and each release with a
weight has enough tasks for it.
"""

import pytest

from cutover import operations
from cutover.domain import Execution, Plan, ReleaseState, RequestKind, Scale, Status, Step
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.registry import handler_of
from cutover.operations.start import new_execution, start
from cutover.strategies.capacity import tasks_for
from support.fakes import OUTPUTS, InMemoryEnvironment

CAPACITY = 4
STRATEGIES: dict[str, dict[str, object]] = {
    "blue-green": {"kind": "blue-green"},
    "canary": {
        "kind": "canary",
        "canary": {"steps": [{"scale": 25}, {"weight": 10}, {"pause": "10s"}, {"scale": 50}, {"weight": 50}]},
    },
    "canary-drill": {"kind": "canary", "canary": {"steps": [{"drill": True}, {"weight": 25}, {"pause": "10s"}]}},
    "linear": {"kind": "linear", "linear": {"percent": 40, "interval": "10s"}},
    "rolling": {"kind": "rolling", "rolling": {"batch_percent": 30, "pause": "5s"}},
    "recreate": {"kind": "recreate", "recreate": {"outage": "nobody uses the shop at night"}},
    "CodeDeployDefault.ECSCanary10Percent5Minutes": {"kind": "CodeDeployDefault.ECSCanary10Percent5Minutes"},
    "ECSLinear10PercentEvery1Minutes": {"kind": "ECSLinear10PercentEvery1Minutes"},
    "CodeDeployDefault.ECSAllAtOnce": {"kind": "CodeDeployDefault.ECSAllAtOnce"},
}
TIMINGS = {"bake": "10s", "propagation_margin": "2s", "drain": "3s"}
HOOKS = {"smoke": {"at": "AfterAllowTestTraffic", "function": "smoke"}}


class CheckedEnvironment(InMemoryEnvironment):
    """An environment that checks every write of traffic."""

    def __post_init__(self) -> None:
        super().__post_init__()
        write = self.cloud.write_weights
        self.outages = 0

        def checked(allocation: object) -> None:
            write(allocation)  # type: ignore[arg-type]
            self.check()

        self.cloud.write_weights = checked  # type: ignore[method-assign]

    def check(self) -> None:
        weights = self.cloud.weights
        self.outages += not weights
        assert sum(weights.values()) in (0, 100)
        if self.cloud.behaviour.get("v2"):
            # Only the baseline is healthy, so it takes all traffic whatever its size.
            return
        for group, weight in weights.items():
            name = group.removeprefix("tg/")
            assert self.cloud.desired[name] >= tasks_for(weight, CAPACITY), f"{weights} on {self.cloud.desired}"

    def deploy(self, version: str, strategy: str, retention: str = "hot") -> Execution:
        release = {"version": version, "image": f"shop:{version}", "desired_count": CAPACITY}
        execution = operations.deploy(
            self.driver(
                version,
                release=release,
                strategy=TIMINGS | STRATEGIES[strategy],
                hooks=HOOKS,
                retention={"mode": retention},
            )
        )
        assert execution is not None
        return execution


def prepared() -> CheckedEnvironment:
    environment = CheckedEnvironment()
    environment.deploy("v1", "blue-green")
    environment.outages = 0
    return environment


def steps_of(strategy: str) -> int:
    return len(prepared().deploy("v2", strategy).plan.steps)


def each_step() -> list[tuple[str, int]]:
    return [(strategy, index) for strategy in STRATEGIES for index in range(steps_of(strategy))]


def fail_at(index: int, patch: pytest.MonkeyPatch) -> None:
    """Make `apply` fail for the step with this index of a deployment's own plan."""

    class Failing:
        def __init__(self, step: Step) -> None:
            self._handler = handler_of(step)

        def __getattr__(self, name: str) -> object:
            return getattr(self._handler, name)

        def is_done(self, context: ExecutionContext) -> bool:
            return not self._fails(context) and self._handler.is_done(context)

        def apply(self, context: ExecutionContext) -> None:
            if self._fails(context):
                raise StepFailed("BROKEN", "this step fails in the test")
            self._handler.apply(context)

        def _fails(self, context: ExecutionContext) -> bool:
            head = context.recorder.execution
            return not head.rolling_back and head.candidate.version == "v2" and head.step_index == index

    patch.setattr("cutover.execution.engine.handler_of", Failing)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("retention", ["hot", "warm", "cold"])
def test_a_good_version_ends_with_all_traffic(strategy: str, retention: str) -> None:
    environment = prepared()
    execution = environment.deploy("v2", strategy, retention)
    assert (execution.status, environment.weight_of("v2")) == (Status.COMPLETED, 100)
    assert execution.plan.strategy in (strategy, "canary")
    assert environment.cloud.desired[execution.candidate.release] == CAPACITY
    assert (environment.outages > 0) == (strategy == "recreate")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_can_deploy_the_first_version(strategy: str) -> None:
    environment = CheckedEnvironment()
    assert environment.deploy("v1", strategy).status is Status.COMPLETED
    assert environment.weight_of("v1") == 100


@pytest.mark.parametrize(("strategy", "index"), each_step())
def test_a_step_that_fails_returns_all_traffic_to_the_baseline(
    strategy: str, index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = prepared()
    fail_at(index, monkeypatch)
    execution = environment.deploy("v2", strategy)
    assert (execution.status, execution.error and execution.error.code) == (Status.ROLLED_BACK, "BROKEN")
    assert environment.weight_of("v1") == 100
    assert execution.candidate.release not in environment.cloud.stacks
    (old,) = [name for name, manifest in environment.cloud.stacks.items() if manifest.version == "v1"]
    assert environment.cloud.desired[old] == CAPACITY


@pytest.mark.parametrize(("strategy", "index"), each_step())
def test_an_abort_at_any_step_returns_all_traffic_to_the_baseline(strategy: str, index: int) -> None:
    environment = prepared()
    before = dict(environment.ledger.heads)

    def add_request(event: str) -> None:
        head = next((h for h in environment.ledger.heads.values() if h.execution_id not in before), None)
        if head is not None and not head.finished and not head.rolling_back and head.step_index == index:
            environment.ledger.add_request(head.execution_id, RequestKind.ABORT, "bob", "enough")

    environment.ledger.before_write = add_request
    execution = environment.deploy("v2", strategy)
    # After its last check for requests an execution cannot be aborted.
    ended = (Status.COMPLETED,) if index == len(execution.plan.steps) - 1 and not execution.rolling_back else ()
    assert execution.status in (Status.ROLLED_BACK, *ended)
    if execution.status is Status.ROLLED_BACK:
        assert execution.error is not None
        assert "aborted by bob: enough" in execution.error.message
        assert environment.weight_of("v1") == 100


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_candidate_that_crashes_under_traffic_loses_all_traffic_with_the_next_write(strategy: str) -> None:
    environment = prepared()
    writes: list[bool] = []
    inner = environment.cloud.write_weights

    def write(allocation: object) -> None:
        inner(allocation)  # type: ignore[arg-type]
        if environment.cloud.behaviour.get("v2") == "crash":
            writes.append(environment.weight_of("v2") == 0)
        elif environment.weight_of("v2"):
            environment.cloud.behaviour["v2"] = "crash"

    environment.cloud.write_weights = write  # type: ignore[method-assign]
    assert environment.deploy("v2", strategy).status is Status.ROLLED_BACK
    # The write by the stack repeats the direct one; a drill writes its three moves before the next check.
    assert any(writes)
    assert all(writes[writes.index(True) :])
    assert environment.weight_of("v1") == 100


def test_a_scaled_down_baseline_is_scaled_up_before_it_takes_all_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = prepared()
    third_batch = next(
        i for i, s in enumerate(prepared().deploy("v2", "rolling").plan.steps) if s.kind == "Bake" and i > 8
    )
    fail_at(third_batch, monkeypatch)
    environment.cloud.calls.clear()
    environment.deploy("v2", "rolling")
    back = environment.cloud.calls[environment.cloud.calls.index("modify listener") - 1 :]
    assert back[0] == "scale v1 to 4"


def test_a_baseline_takes_all_traffic_at_once_if_only_its_tasks_are_healthy() -> None:
    environment = prepared()
    environment.cloud.before_call = lambda call: _kill(environment)
    execution = environment.deploy("v2", "rolling")
    assert execution.status is Status.ROLLED_BACK
    modify = environment.cloud.calls.index("modify listener")
    assert "scale v1 to 4" in environment.cloud.calls[modify:]


def _kill(environment: CheckedEnvironment) -> None:
    if environment.weight_of("v2") >= 30:
        environment.cloud.behaviour["v2"] = "unhealthy"


def test_recreate_starts_the_candidate_only_when_no_task_of_the_baseline_runs() -> None:
    environment = prepared()
    environment.cloud.behaviour["v1"] = "slow-stop"
    running: list[int] = []

    def record_running(call: str) -> None:
        if call == "create v2":
            (old,) = [name for name, manifest in environment.cloud.stacks.items() if manifest.version == "v1"]
            service = environment.compute.service(environment.ledger.all_releases[old].outputs)  # type: ignore[arg-type]
            assert service is not None
            running.append(service.running)

    environment.cloud.before_call = record_running
    assert environment.deploy("v2", "recreate").status is Status.COMPLETED
    assert running == [0]


def test_a_release_is_not_scaled_below_the_tasks_that_its_weight_needs() -> None:
    environment = prepared()
    driver = environment.driver("v2")
    (release,) = environment.ledger.releases()
    plan = Plan(strategy="by hand", steps=(Scale(release=release.ref, desired_count=1, drain_seconds=0),))
    scale_down = new_execution(driver, purpose="gc", plan=plan, candidate=release.ref, baseline=None)
    execution = start(driver, scale_down, OUTPUTS)
    assert (execution.status, execution.error and execution.error.code) == (Status.FAILED, "TOO_SMALL")
    assert environment.cloud.desired[release.ref.release] == CAPACITY


def test_a_release_that_recreate_stopped_is_recorded_without_tasks_and_can_be_deployed_again() -> None:
    environment = prepared()
    environment.deploy("v2", "recreate")
    (old,) = [release for release in environment.ledger.releases() if release.manifest.version == "v1"]
    assert (environment.cloud.desired[old.ref.release], old.state) == (0, ReleaseState.SCALED_TO_ZERO)
    assert environment.deploy("v1", "blue-green").status is Status.COMPLETED
